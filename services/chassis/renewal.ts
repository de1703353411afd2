import { setTimeout as wait } from 'node:timers/promises'
import type { Credentials } from './credentials.ts'
import type { HeldCertificate } from './observation.ts'
import type { Telemetry } from './telemetry.ts'

/** First and longest wait between tries, ms. */
export const backoff = { firstMs: 100, mostMs: 5_000 }

const longestTimerMs = 2 ** 31 - 1

/** Resolves after `ms`, or as soon as the signal says so; never keeps a process alive. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  // beyond its limit a timer would fire at once
  wait(Math.min(ms, longestTimerMs), undefined, { signal, ref: false }).catch(() => {})

export type RenewalOptions = {
  credentials: Pick<Credentials, 'held'>
  telemetry: Pick<Telemetry, 'log'>
  signal: AbortSignal
  clock: () => number
  renewAt: number
  random: () => number
}

export type Renewals = {
  /** Renews one certificate in time from now on, for as long as it is held. Said twice, it is done once. */
  keep(kind: HeldCertificate['kind'], name: string, renew: () => Promise<unknown>): void
  /** Resolves when nothing is being renewed any more: after the signal. */
  over(): Promise<unknown>
}

/** Certificates, each renewed in its own time: one that cannot be had delays no other. */
export const createRenewals = ({
  credentials,
  telemetry,
  signal,
  clock,
  renewAt,
  random,
}: RenewalOptions): Renewals => {
  const running = new Map<string, Promise<void>>()

  const inTime = async (kind: HeldCertificate['kind'], name: string, renew: () => Promise<unknown>) => {
    let delay = backoff.firstMs
    let retrying = false
    while (!signal.aborted) {
      const held = credentials.held().find(one => one.kind === kind && one.name === name)
      if (!held) return
      const left = Date.parse(held.notAfter) - clock()
      await pause(retrying ? delay * (0.5 + random()) : left * renewAt * (0.9 + 0.2 * random()), signal)
      if (signal.aborted || !credentials.held().some(one => one.kind === kind && one.name === name)) return
      try {
        await renew()
        delay = backoff.firstMs
        retrying = false
      } catch (error) {
        retrying = true
        telemetry.log.warn({ reason: String(error), certificate: name }, 'renewal failed; the old certificate stays')
        delay = Math.min(delay * 2, backoff.mostMs, Math.max(left / 4, backoff.firstMs))
      }
    }
  }

  return {
    keep(kind, name, renew) {
      const what = `${kind} ${name}`
      if (running.has(what)) return
      running.set(
        what,
        inTime(kind, name, renew).finally(() => running.delete(what)),
      )
    },
    over: () => Promise.all(running.values()),
  }
}
