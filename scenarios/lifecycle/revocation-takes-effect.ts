import type { Hop } from '../../services/modes.ts'
import { count } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { revokedWhileUsed } from '../flows/revoked-while-used.ts'
import { placeOrder } from '../flows/stand-in.ts'
import { evidenceOf, type StolenUse, stillServed, stoppedBecause, wasWorthStealing } from '../flows/stolen-use.ts'
import { type Meanwhile, meanwhileEvidence, whileCalling } from '../flows/while-calling.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/**
 * Revocation is worth what it takes from the operator's word until the last door is shut: lists that wait to be fetched,
 * sessions that are resumed and connections that stay open all stretch it. And it must cost nobody else a request.
 */
export default defineScenario({
  id: 'revocation-takes-effect',
  claims: ['L5'],
  title: 'How long does a revoked certificate go on working, and does its revocation hurt anybody else?',
  guarantee: 'one word of the operator ends every use of a credential on <link>, and nobody else’s',
  explanation:
    'A real extra credential of the caller is in use on three ways: new connections, a session to be resumed, a connection kept open. The operator revokes it while customers place orders. Each way is timed until it is refused as revoked, and no order may be lost. Where no certificate is asked for, no revocation can reach it.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  async run(lab, hops) {
    const { result, meanwhile } = await whileCalling(
      () => placeOrder(lab),
      () => revokedWhileUsed(lab, hops),
    )
    const { uses, acknowledgedMs } = result
    return new Map(
      hops.map(hop => [hop.link.id, judgeRevocation(hop, uses.get(hop.link.id)!, acknowledgedMs, meanwhile)]),
    )
  },
})

/** Holds when all three ways ended, as revoked. The control: they were ways in before, and no other call was lost. */
export const judgeRevocation = (hop: Hop, use: StolenUse, acknowledgedMs: number, meanwhile: Meanwhile): Observed => {
  const { callee } = hop.link
  const served = stillServed(hop, use)
  const { fresh = 0, resumed = 0, live = 0 } = use.stoppedAfterMs
  const ms = (time: number) => `${Math.round(time)} ms`
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `every workload knew of the revocation, and ${callee} went on serving on ${served.join(' and ')}`
        : `refused as revoked after ${ms(fresh)} on a new connection and ${ms(resumed)} in an earlier session; the open connection was cut after ${ms(live)}; ${meanwhile.calls} orders were placed meanwhile`,
    evidence: [
      ...evidenceOf(hop, use, 'the operator’s word'),
      count('milliseconds until every workload had acknowledged', callee, Math.round(acknowledgedMs)),
    ],
    control: {
      passed:
        wasWorthStealing(hop, use) &&
        meanwhile.lost.length === 0 &&
        (served.length > 0 || stoppedBecause('revoked', use)),
      evidence: [...use.genuine.evidence, ...meanwhileEvidence(meanwhile, 'orders of customers')],
    },
  }
}
