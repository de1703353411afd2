import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { idOf, isInner, strangerTo } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { allLinks, defineScenario, type Observed } from '../scenario.ts'

/**
 * A workload of the lab, taken over, calls whom it may not call: first under its own name, then under the caller's.
 * Where a name is only stated, policy does refuse the honest one; but the guarantee is about what he can do, and he can
 * lie, so it is broken. Under mutual TLS his certificate speaks for him whatever he states, and a rule refuses him.
 */
export default defineScenario({
  id: 'wrong-workload',
  claims: ['I4', 'I5'],
  title: 'Can another workload make a call that is not its own to make?',
  guarantee: 'only the workload allowed to may call on <link>',
  explanation:
    "A workload with a valid certificate makes a call that belongs to another one, first under its own name, then under the other's. Where names are only stated it lies and gets through; under mutual TLS its certificate speaks for it, and policy refuses a name that no rule allows.",
  per: 'link',
  select: (hop, topology) => isInner(hop) && strangerTo(topology, hop.link.callee) !== undefined,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  run: allLinks(async (lab, hop) => {
    const { topology } = lab
    const stranger = strangerTo(topology, hop.link.callee)!
    const pair = await lab.credentials.stolen(stranger)
    const as = (name: string) => ({ pair, statedCaller: idOf(topology, name) })
    const honest = await callFromInside(lab, hop, `${stranger}, as itself`, as(stranger))
    const lying = await callFromInside(lab, hop, `${stranger}, as ${hop.link.caller}`, as(hop.link.caller))
    const beyond = await callAsCaller(lab, hop, { path: '/not-in-any-rule' })
    return judgeWrongWorkload(topology, hop, { stranger, honest, lying, beyond, genuine: await callAsCaller(lab, hop) })
  }),
})

type Calls = Record<'honest' | 'lying' | 'beyond' | 'genuine', InsiderOutcome> & { stranger: string }

/**
 * Holds when both calls got in as the proven stranger and were denied by policy. The control: the real caller's own
 * certificate passes, and is denied only beyond its rule: whoever holds it may do all that the rule allows (I5).
 */
export const judgeWrongWorkload = (topology: Topology, hop: Hop, calls: Calls): Observed => {
  const { stranger, honest, lying, beyond, genuine } = calls
  const denied = ({ request }: InsiderOutcome) =>
    request?.denied !== undefined && request.caller === idOf(topology, stranger) && request.callerBy === 'certificate'
  const served = wasServed(hop, honest) || wasServed(hop, lying)
  const judged = served || (denied(honest) && denied(lying))
  return {
    verdict: served ? 'broken' : 'holds',
    because: served
      ? `${stranger} was served by ${hop.link.callee} as ${lying.request?.caller ?? 'nobody'}`
      : `${stranger} proved who it is and was denied: ${honest.request?.denied}`,
    evidence: [...honest.evidence, ...lying.evidence, ...beyond.evidence],
    control: {
      passed: judged && wasServed(hop, genuine) && beyond.request?.denied !== undefined,
      evidence: genuine.evidence,
    },
  }
}
