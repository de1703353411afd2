import { usualHopsOf } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { client } from '../../services/topology/topology.ts'
import { isInner } from '../flows/hops.ts'
import { type RevokedWhileUsed, revokedWhileUsed } from '../flows/revoked-while-used.ts'
import { evidenceOf, type StolenUse, stillServed, stoppedBecause, wasWorthStealing } from '../flows/stolen-use.ts'
import { type Loot, stealBriefly, stealWithLifetime, useUntilItsEnd } from '../flows/theft-by-lifetime.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/** Seconds. Stolen at these lifetimes too, but not waited for. */
const longer = [60, 3600, 86_400]

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
    'A thief takes a real credential that lives a second or two, calls with it, keeps a connection open, and waits. After its end he must be refused as expired, on every way. The same is stolen at lifetimes of a minute, an hour and a day, whose usable life is computed from their notAfter; beside them stands how long a revoked one lasted.',
  per: 'system',
  unless: ({ links }) =>
    links.some(({ caller }) => caller !== client) ? undefined : 'no workload of this topology calls another',
  expected: (mode, topology) => expectedOf(hopTried(usualHopsOf(topology, mode))),
  async run(lab, hops) {
    const hop = hopTried(hops)
    if (!hop) return nothingToTry
    const { caller } = hop.link
    const long: Loot[] = []
    try {
      const revoked = await revokedWhileUsed(lab, [hop])
      const began = performance.now()
      for (const lifetimeS of longer) long.push(await stealWithLifetime(lab, caller, lifetimeS))
      const brief = await stealBriefly(lab, caller, (performance.now() - began) / longer.length)
      long.push(brief)
      const use = await useUntilItsEnd(lab, hop, brief)
      return judgeShortLife(hop, { brief, use, longer: long.slice(0, -1), revoked })
    } finally {
      await lab.credentials.revoke(...long.map(({ pair }) => pair))
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

export type Thefts = { brief: Loot; use: StolenUse; longer: readonly Loot[]; revoked: RevokedWhileUsed }

/** Holds when every way ended with the certificate, as expired. The control: it was worth stealing, and the caller goes on. */
export const judgeShortLife = (hop: Hop, { brief, use, longer, revoked }: Thefts): Observed => {
  const { callee, id } = hop.link
  const served = stillServed(hop, use)
  const { fresh, live } = use.stoppedAfterMs
  const lasted = Math.max(fresh ?? 0, live ?? 0)
  const stoppedMs = revoked.uses.get(id)?.stoppedAfterMs.fresh
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `${callee} went on serving after the stolen certificate had run out, on ${served.join(' and ')}`
        : `stolen and used for ${seconds(lasted)}, then refused as expired and cut off; one that lives a day would have done for ${seconds(longer.at(-1)?.usableMs ?? 0)}, one that was revoked did for ${Math.round(stoppedMs ?? 0)} ms`,
    evidence: [
      life(
        hop,
        `lifetime ${brief.lifetimeS} s`,
        served.length > 0 ? 'no end was seen' : `${seconds(lasted)}, observed`,
      ),
      ...longer.map(({ lifetimeS, usableMs }) =>
        life(hop, `lifetime ${lifetimeS} s`, `${seconds(usableMs)}, computed from its notAfter`),
      ),
      life(hop, 'revoked', stoppedMs === undefined ? 'no end was seen' : `${Math.round(stoppedMs)} ms, observed`),
      ...evidenceOf(hop, use, 'the theft'),
    ],
    control: {
      passed: wasWorthStealing(hop, use) && (served.length > 0 || stoppedBecause('certificate-expired', use)),
      evidence: use.genuine.evidence,
    },
  }
}

const life = ({ link }: Hop, what: string, text: string): Evidence => ({
  ...{ kind: 'text', title: `usable life of a stolen certificate, ${what}`, where: link.callee, text },
})

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
