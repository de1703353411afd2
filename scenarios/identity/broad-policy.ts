import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { succeeded } from '../flows/evidence.ts'
import { idOf, isInner, strangerTo } from '../flows/hops.ts'
import { callAsCaller, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { whileSwitched } from '../flows/switched.ts'
import { callAsStranger, wasLetIn } from '../flows/unallowed.ts'
import { defineScenario, type LinkScenario, type Observed } from '../scenario.ts'

/**
 * What no mode gives: with a policy that allows every workload everything, a proven identity is let in like any other.
 * The same request under least privilege is the control, and so the way out.
 */
export default defineScenario({
  id: 'broad-policy',
  claims: ['I5'],
  title: 'Does any transport make up for a policy that is too broad?',
  guarantee: 'a policy that allows too much lets no stranger through on <link>',
  explanation:
    'While policy allows every workload everything, one with a valid certificate of its own asks for what no link allows it; of the payments service it asks a refund of a real charge. It goes through in every mode, mutual TLS included: a proven identity says who calls and not what he may do. Under least privilege the same request is denied by policy. Where names are only stated that helps as long as nobody lies, which is another experiment (wrong-workload).',
  per: 'link',
  select: (hop, topology) => isInner(hop) && strangerTo(topology, hop.link.callee) !== undefined,
  expected: () => 'broken',
  run: async (lab, hops) => {
    const under = (kind: 'allow-all' | 'least-privilege', when: string) =>
      whileSwitched(
        lab,
        'policy',
        () => ({ kind }),
        () => Promise.all(hops.map(hop => callAsStranger(lab, hop, when))),
      )
    const broad = await under('allow-all', 'with everything allowed')
    const narrow = await under('least-privilege', 'under least privilege')
    const genuine = await Promise.all(hops.map(hop => callAsCaller(lab, hop)))
    const judged = hops.map((hop, i) =>
      judgeBroadPolicy(lab.topology, hop, { broad: broad[i]!, narrow: narrow[i]!, genuine: genuine[i]! }),
    )
    return new Map(hops.map((hop, i) => [hop.link.id, judged[i]!]))
  },
} satisfies LinkScenario)

type Calls = Record<'broad' | 'narrow' | 'genuine', InsiderOutcome>

/**
 * Broken when the broad policy let the stranger in and the callee did what he asked; holds when policy denied him all
 * the same. The control: least privilege denies the same request, as his, and lets the one who may through.
 */
export const judgeBroadPolicy = (topology: Topology, { link }: Hop, { broad, narrow, genuine }: Calls): Observed => {
  const { callee } = link
  const stranger = strangerTo(topology, callee)!
  const deniedAsHimself = ({ request }: InsiderOutcome) =>
    request?.denied !== undefined && request.caller === idOf(topology, stranger)
  const done = wasLetIn(broad) && succeeded(broad.attempt)
  const { method, path, status, rule, callerBy } = broad.request ?? {}
  return {
    verdict: done ? 'broken' : 'holds',
    because: done
      ? `${stranger}, known by ${callerBy}, had ${method} ${path} done by ${callee} (${status}), by the rule ${rule}; under least privilege it was denied`
      : `${callee} denied ${stranger} although its policy allows everything: ${broad.request?.denied ?? 'nothing recorded'}`,
    evidence: [...broad.evidence, ...narrow.evidence],
    control: {
      passed: (done || deniedAsHimself(broad)) && deniedAsHimself(narrow) && wasServed({ link } as Hop, genuine),
      evidence: genuine.evidence,
    },
  }
}
