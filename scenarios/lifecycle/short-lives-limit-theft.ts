import { usualHopsOf } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { client } from '../../services/topology/topology.ts'
import { isInner } from '../flows/hops.ts'
import { wasServed } from '../flows/insider-call.ts'
import { type RevokedWhileUsed, revokedWhileUsed } from '../flows/revoked-while-used.ts'
import { evidenceOf, type StolenUse, stillServed, stoppedBecause, wasWorthStealing } from '../flows/stolen-use.ts'
import {
  type Lived,
  type Loot,
  stealBriefly,
  stealLonger,
  stealWithLifetime,
  useUntilItsEnd,
} from '../flows/theft-by-lifetime.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/** Seconds. Stolen at these lifetimes too, but not waited for. */
const unwaited = [60, 3600, 86_400]

/**
 * A theft nobody has noticed is revoked by nobody. What ends it then is the certificate's own end: the shorter it lives,
 * the less a thief has of it, provided that its end counts for connections that are open already.
 */
export default defineScenario({
  id: 'short-lives-limit-theft',
  claims: ['L3', 'I11'],
  title: 'How long can a stolen certificate be used if nobody ever revokes it?',
  guarantee: 'a stolen credential that nobody revokes comes to an end by itself, for open connections too',
  explanation:
    'A thief takes two real credentials, one that lives a second or two and one that lives longer, calls with each, keeps a connection open, and waits. Each is followed to its end: afterwards he must be refused as expired, on every way, and the longer-lived one must still have been good for a call when the other had ended. The same is stolen at lifetimes of a minute, an hour and a day, whose usable life is computed from their notAfter; beside them stands how long a revoked one lasted.',
  per: 'system',
  unless: ({ links }) =>
    links.some(({ caller }) => caller !== client) ? undefined : 'no workload of this topology calls another',
  expected: (mode, topology) => expectedOf(hopTried(usualHopsOf(topology, mode))),
  async run(lab, hops) {
    const hop = hopTried(hops)
    if (!hop) return nothingToTry
    const { caller } = hop.link
    const loot: Loot[] = []
    const keep = async (theft: Promise<Loot>) => {
      const stolen = await theft
      loot.push(stolen)
      return stolen
    }
    try {
      const revoked = await revokedWhileUsed(lab, [hop])
      const began = performance.now()
      for (const lifetimeS of unwaited) await keep(stealWithLifetime(lab, caller, lifetimeS))
      const computed = [...loot]
      const tookMs = (performance.now() - began) / unwaited.length
      const brief = await keep(stealBriefly(lab, caller, tookMs))
      const lived = await Promise.all([
        useUntilItsEnd(lab, hop, brief),
        keep(stealLonger(lab, caller, brief, tookMs)).then(longer => useUntilItsEnd(lab, hop, longer, brief)),
      ])
      return judgeShortLives(hop, { lived, computed, revoked })
    } finally {
      await lab.credentials.revoke(...loot.map(({ pair }) => pair))
    }
  },
})

/** The hop on which a certificate decides, where there is one; else any between workloads. */
const hopTried = (hops: readonly Hop[]): Hop | undefined => {
  const inner = hops.filter(isInner)
  return inner.findLast(({ transport }) => transport === 'mtls') ?? inner.at(-1)
}

const expectedOf = (hop: Hop | undefined) =>
  hop === undefined ? 'not-applicable' : hop.transport === 'mtls' ? 'holds' : 'broken'

const nothingToTry: Observed = {
  verdict: 'not-applicable',
  because: 'no connection between workloads is made by themselves in this mode',
  evidence: [],
  control: { passed: true, evidence: [] },
}

/** `lived`: followed to their ends, the shortest-lived first. `computed`: not waited for. */
export type Thefts = { lived: readonly Lived[]; computed: readonly Loot[]; revoked: RevokedWhileUsed }

/**
 * Holds when every way ended with the certificate, as expired, whatever its lifetime. The control: each was worth stealing
 * and the caller goes on, at least two lifetimes were waited for, and who had the longer-lived one had more of it.
 */
export const judgeShortLives = (hop: Hop, { lived, computed, revoked }: Thefts): Observed => {
  const { callee, id } = hop.link
  const served = lived.flatMap(({ loot, use }) => stillServed(hop, use).map(way => `${way} (${loot.lifetimeS} s)`))
  const stoppedMs = revoked.uses.get(id)?.stoppedAfterMs.fresh
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `${callee} went on serving after the stolen certificate had run out, on ${served.join(' and ')}`
        : `stolen and used for ${lived.map(({ use }) => seconds(lastedMs(use))).join(' and ')}, each refused as expired and cut off at its end; one that lives a day would have done for ${seconds(computed.at(-1)?.usableMs ?? 0)}, one that was revoked did for ${Math.round(stoppedMs ?? 0)} ms`,
    evidence: [
      ...lived.map(({ loot: { lifetimeS }, use }) =>
        life(
          hop,
          `lifetime ${lifetimeS} s`,
          stillServed(hop, use).length > 0 ? 'no end was seen' : `${seconds(lastedMs(use))}, observed`,
        ),
      ),
      ...computed.map(({ lifetimeS, usableMs }) =>
        life(hop, `lifetime ${lifetimeS} s`, `${seconds(usableMs)}, computed from its notAfter`),
      ),
      life(hop, 'revoked', stoppedMs === undefined ? 'no end was seen' : `${Math.round(stoppedMs)} ms, observed`),
      ...lived.flatMap(({ loot, use, outliving }) => [
        ...(outliving?.evidence ?? []),
        ...evidenceOf(hop, use, `the theft of one that lives ${loot.lifetimeS} s`),
      ]),
    ],
    control: {
      passed: lived.length > 1 && lived.every((one, i) => isShown(hop, one) && outlives(hop, one, lived[i - 1])),
      evidence: lived.flatMap(({ use }) => use.genuine.evidence),
    },
  }
}

/** Until the last of his ways was shut, ms after the theft. */
const lastedMs = ({ stoppedAfterMs: { fresh = 0, live = 0, resumed = 0 } }: StolenUse): number =>
  Math.max(fresh, live, resumed)

/** It was good for something, and ended by its date where it ended. */
const isShown = (hop: Hop, { use }: Lived): boolean =>
  wasWorthStealing(hop, use) && (stillServed(hop, use).length > 0 || stoppedBecause('certificate-expired', use))

/** It lived longer, was still good when the shorter-lived one had ended, and was refused later where both were. */
const outlives = (hop: Hop, { loot, use, outliving }: Lived, shorter: Lived | undefined): boolean => {
  if (!shorter) return true
  const bothEnded = [use, shorter.use].every(one => stillServed(hop, one).length === 0)
  return (
    loot.lifetimeS > shorter.loot.lifetimeS &&
    outliving !== undefined &&
    wasServed(hop, outliving) &&
    (!bothEnded || lastedMs(use) > lastedMs(shorter.use))
  )
}

const life = ({ link }: Hop, what: string, text: string): Evidence => ({
  ...{ kind: 'text', title: `usable life of a stolen certificate, ${what}`, where: link.callee, text },
})

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
