import { X509Certificate } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { InsiderOutcome } from './insider-call.ts'
import { untilAfter } from './patience.ts'
import { beThief, type StolenUse } from './stolen-use.ts'
import { whileSwitched } from './switched.ts'

/** A credential and how long it was good for from the moment it was stolen, by its own notAfter. */
export type Loot = { lifetimeS: number; pair: KeyPair; usableMs: number; since: number; notAfter: number }

/** A real credential of a workload, as it is issued when certificates live so many seconds. */
export const stealWithLifetime = (lab: LabClient, caller: string, lifetimeS: number): Promise<Loot> =>
  whileSwitched(
    lab,
    'renewal',
    before => ({ ...before, [caller]: { on: false, lifetimeS } }),
    async () => {
      const pair = await lab.credentials.stolenAnew(caller)
      const notAfter = new X509Certificate(pair.chain).validToDate.getTime()
      return { lifetimeS, pair, usableMs: notAfter - Date.now(), since: performance.now(), notAfter }
    },
  )

/**
 * One that lives long enough to be used twice, and little longer: certificates end on whole seconds. `tookMs`: what a theft
 * takes on this machine now; the slower, the more room.
 */
export const stealBriefly = (lab: LabClient, caller: string, tookMs: number): Promise<Loot> =>
  stealWithLifetime(lab, caller, secondsFor(roomFor(tookMs)))

/** One that lives longer than that one, by as much as is needed to use it when the other has ended. */
export const stealLonger = (lab: LabClient, caller: string, than: Loot, tookMs: number): Promise<Loot> => {
  const leftMs = Math.max(0, than.notAfter - Date.now())
  return stealWithLifetime(lab, caller, Math.max(than.lifetimeS + 1, secondsFor(leftMs + roomFor(tookMs))))
}

const roomFor = (tookMs: number): number => Math.max(usedTwiceMs, slowness * tookMs)

/** The lifetime of a certificate issued now that leaves so much room. */
const secondsFor = (roomMs: number): number => Math.ceil(((Date.now() % 1000) + roomMs) / 1000)

const usedTwiceMs = 300
const slowness = 10

/** A theft followed to the end of what was stolen; `outliving`: a call after a shorter-lived one had ended. */
export type Lived = { loot: Loot; use: StolenUse; outliving?: InsiderOutcome }

/** The thief uses it, waits for its end, and goes on. Nobody revokes anything. */
export const useUntilItsEnd = async (lab: LabClient, hop: Hop, loot: Loot, shorter?: Loot): Promise<Lived> => {
  const thief = await beThief(lab, hop, loot.pair)
  try {
    if (shorter) await untilAfter(shorter.notAfter + leadMs)
    const outliving = shorter && (await thief.callAnew('the thief, when the shorter-lived one had ended'))
    await wait(Math.max(0, loot.notAfter - Date.now() - leadMs))
    const use = await thief.goOn({ since: loot.since, isDue: () => Date.now() > loot.notAfter + leadMs })
    return { loot, use, ...(outliving && { outliving }) }
  } finally {
    thief.close()
  }
}

/** How long before the end he begins to try again, and how long after it nobody may be served any more. */
const leadMs = 25
