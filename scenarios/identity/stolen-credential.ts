import type { Hop } from '../../services/modes.ts'
import { count } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { beThief, type StolenUse, type Thief } from '../flows/stolen-use.ts'
import { type Control, defineScenario, type Observed } from '../scenario.ts'

/**
 * A key and a certificate, taken from a workload and used from elsewhere, are as good as the workload: mutual TLS cannot
 * tell. What it can do is stop: on the operator's word, for connections new, resumed and already open, and for them only.
 */
export default defineScenario({
  id: 'stolen-credential',
  claims: ['I11'],
  title: 'Does a stolen certificate stop working when it is revoked?',
  guarantee: 'a stolen credential can be put out of use on <link>',
  explanation:
    'A thief uses a key and certificate of the real caller from another place and is served, in every mode. Then the operator revokes that certificate. Where it is what let him in, new connections are refused, his open one is cut and his session leads nowhere, while the real caller goes on; where nobody asked for it, revoking it changes nothing.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  async run(lab, hops) {
    const { credentials } = lab
    const callers = [...new Set(hops.map(({ link }) => link.caller))]
    const stolen = Object.fromEntries(
      await Promise.all(callers.map(async name => [name, await credentials.stolenAnew(name)] as const)),
    )
    const thieves: Thief[] = []
    const begin = async (hop: Hop) => {
      const thief = await beThief(lab, hop, stolen[hop.link.caller]!)
      thieves.push(thief)
      return thief
    }
    try {
      const all = await Promise.all(hops.map(begin))
      const revokedAt = performance.now()
      await Promise.all(Object.values(stolen).map(credentials.revoke))
      const uses = await Promise.all(all.map(thief => thief.goOn(revokedAt)))
      const collateral = await genuineCallee(lab)
      return new Map(hops.map((hop, i) => [hop.link.id, judgeStolen(hop, uses[i]!, collateral)]))
    } finally {
      for (const thief of thieves) thief.close()
    }
  },
})

/**
 * Holds when nothing works any more, and because of the revocation. The control: it did work before, on both connections,
 * and afterwards the real caller's own calls and a customer's order still do.
 */
export const judgeStolen = (hop: Hop, use: StolenUse, collateral: Control): Observed => {
  const { before, after, tickets, cutAfterMs, refusedWithinMs, resumedWithinMs, genuine } = use
  const { callee } = hop.link
  const served = [
    ...(wasServed(hop, after.fresh) ? ['new connections'] : []),
    ...(wasServed(hop, after.live) ? ['the one he kept'] : []),
    ...(wasServed(hop, after.resumed) && after.resumed.connection?.resumed ? ['resumed sessions'] : []),
  ]
  const isRevoked = ({ request, refusal }: InsiderOutcome) => !request && refusal?.failure?.name === 'revoked'
  const due = isRevoked(after.fresh) && isRevoked(after.resumed) && !after.live.request && cutAfterMs !== undefined
  const time = (title: string, ms: number) =>
    count(`milliseconds from the operator's word until ${title}`, callee, Math.round(ms))
  const thief = [before.live, before.fresh]
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `${callee} went on serving who holds the revoked certificate, on ${served.join(' and ')}`
        : `${callee} refused the revoked certificate, cut the connection it came in by and resumed no session of it`,
    evidence: [
      ...thief.flatMap(({ evidence }) => evidence.slice(1)),
      ...(served.length > 0
        ? []
        : [
            time('a new connection had been refused', refusedWithinMs),
            time('his earlier session had been refused', resumedWithinMs),
          ]),
      ...(cutAfterMs === undefined ? [] : [time('the live connection was cut', cutAfterMs)]),
      count('session tickets the thief held', callee, tickets),
      ...Object.values(after).flatMap(({ evidence }) => evidence),
    ],
    control: {
      passed:
        thief.every(outcome => wasServed(hop, outcome)) &&
        wasServed(hop, genuine) &&
        collateral.passed &&
        (served.length > 0 || due),
      evidence: [...genuine.evidence, ...collateral.evidence],
    },
  }
}
