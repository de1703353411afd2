import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { idOf, isInner, strangerTo } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { whileSwitched } from '../flows/switched.ts'
import { wasLetIn } from '../flows/unallowed.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type LinkScenario, type Observed } from '../scenario.ts'

/** A list of who may not, instead of who may: whoever has no name is not on it. */
export default defineScenario({
  id: 'deny-by-name',
  claims: ['I3', 'I4'],
  title: 'Does a rule that denies a workload by name keep it out?',
  guarantee: 'a workload that is denied by name stays out of <link>',
  explanation:
    'Policy lets everybody in but one workload, named. It calls under its name and is denied, then without saying who it is. Where the transport proves no name, nobody is on no list, so it gets in; under mutual TLS it either proves the name that is denied or is refused for having none.',
  per: 'link',
  select: (hop, topology) => isInner(hop) && strangerTo(topology, hop.link.callee) !== undefined,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  run: async (lab, hops) => {
    const observed = new Map<string, Observed>()
    const denied = new Set(hops.map(({ link }) => strangerTo(lab.topology, link.callee)!))
    for (const name of denied) {
      const from = hops.filter(({ link }) => strangerTo(lab.topology, link.callee) === name)
      await whileSwitched(
        lab,
        'policy',
        () => ({ kind: 'deny-by-name', names: [name] }),
        () => Promise.all(from.map(async hop => observed.set(hop.link.id, await tryHop(lab, hop, name)))),
      )
    }
    return observed
  },
} satisfies LinkScenario)

const tryHop = async (lab: LabClient, hop: Hop, name: string): Promise<Observed> => {
  const pair = await lab.credentials.stolen(name)
  const statedCaller = idOf(lab.topology, name)
  const [named, silent, bare, genuine] = await Promise.all([
    callFromInside(lab, hop, `${name}, as itself`, { pair, statedCaller }),
    callFromInside(lab, hop, `${name}, saying no name`, { pair }),
    callFromInside(lab, hop, `${name}, showing nothing at all`, {}),
    callAsCaller(lab, hop),
  ])
  return judgeDenyByName(lab.topology, hop, { named, silent, bare, genuine })
}

type Calls = Record<'named' | 'silent' | 'bare' | 'genuine', InsiderOutcome>

/**
 * Broken when either nameless call was let in. Holds when the certificate gave the name away and was denied for it, and
 * without one the connection was refused. The control: the rule does deny the name, and the real caller passes.
 */
export const judgeDenyByName = (topology: Topology, hop: Hop, calls: Calls): Observed => {
  const { named, silent, bare, genuine } = calls
  const { callee } = hop.link
  const denied = strangerTo(topology, callee)!
  const deniedByRule = ({ request }: InsiderOutcome) =>
    request?.denied !== undefined && request.caller === idOf(topology, denied)
  const served = wasLetIn(silent) || wasLetIn(bare)
  const refused = !bare.request && bare.refusal?.failure?.name === 'no-client-certificate'
  return {
    verdict: served ? 'broken' : 'holds',
    because: served
      ? `${callee} denied ${denied} by its name and served it when it said none`
      : `${callee} took ${denied} for whom its certificate names (${silent.request?.denied}), and refused it without one`,
    evidence: [...named.evidence, ...silent.evidence, ...bare.evidence],
    control: {
      passed: (served || (deniedByRule(silent) && refused)) && deniedByRule(named) && wasServed(hop, genuine),
      evidence: genuine.evidence,
    },
  }
}
