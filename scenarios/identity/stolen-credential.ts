import type { Hop } from '../../services/modes.ts'
import { isInner } from '../flows/hops.ts'
import { revokedWhileUsed } from '../flows/revoked-while-used.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { evidenceOf, type StolenUse, stillServed, stoppedBecause, wasWorthStealing } from '../flows/stolen-use.ts'
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
    const { uses } = await revokedWhileUsed(lab, hops)
    const collateral = await genuineCallee(lab)
    return new Map(hops.map(hop => [hop.link.id, judgeStolen(hop, uses.get(hop.link.id)!, collateral)]))
  },
})

/**
 * Holds when nothing works any more, and because of the revocation. The control: it did work before, on both connections,
 * and afterwards the real caller's own calls and a customer's order still do.
 */
export const judgeStolen = (hop: Hop, use: StolenUse, collateral: Control): Observed => {
  const { callee } = hop.link
  const served = stillServed(hop, use)
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `${callee} went on serving who holds the revoked certificate, on ${served.join(' and ')}`
        : `${callee} refused the revoked certificate, cut the connection it came in by and resumed no session of it`,
    evidence: evidenceOf(hop, use, 'the operator’s word'),
    control: {
      passed: wasWorthStealing(hop, use) && collateral.passed && (served.length > 0 || stoppedBecause('revoked', use)),
      evidence: [...use.genuine.evidence, ...collateral.evidence],
    },
  }
}
