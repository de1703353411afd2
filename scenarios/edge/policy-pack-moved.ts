import { isDeepStrictEqual } from 'node:util'
import type { Hop } from '../../services/modes.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { count } from '../flows/evidence.ts'
import { isInner, listeningAt } from '../flows/hops.ts'
import { callAsCaller, type Guise, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { tightRate, whileMounted } from '../flows/l7-places.ts'
import { type Control, controls, playRound, type Round } from '../flows/l7-round.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { scriptInQuery } from '../tools/attack-pattern.ts'
import { freshAddress } from '../tools/source.ts'

export default defineScenario({
  id: 'policy-pack-moved',
  claims: ['C5', 'C7'],
  title: 'Where do the L7 rules have to be kept?',
  guarantee: 'the L7 rules can be kept in one place, at the edge',
  explanation:
    'The same small misbehaviour (an attack, contradictory headers, a flood without tokens) meets the policy pack at no place, at the edge, and at the service. An edge that reads requests does all of it for everybody. Where TLS passes through, it does none, and mounting the pack at the service, or at the sidecar in front of one, restores it there: once for each service, and each turns its own flood away. What nothing restores there is the choice of the way: whoever reads the path is where the request went.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab, hops) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const nowhere = await playRound(lab, [])
    const atEdge = await playRound(lab, [edge])
    const atService = await playRound(lab, [service])
    const beside = hops.find(hop => isInner(hop) && lab.topology.workloads[hop.link.callee]!.sidecar)
    const sidecar = beside && (await attackSidecar(lab, beside))
    return judgeMoved({ edge, service, nowhere, atEdge, atService, ...(sidecar ? { sidecar } : {}) })
  },
})

/** The link's caller misbehaves to a workload behind a sidecar: an attack without the pack, then with it one more of each kind. */
export type AtSidecar = { hop: Hop; without: InsiderOutcome; mounted: readonly InsiderOutcome[] }

const attackSidecar = async (lab: LabClient, hop: Hop): Promise<AtSidecar> => {
  const { callee, allow } = hop.link
  const path = allow[0]!.path.replace('*', '1') + scriptInQuery
  const from = freshAddress(await listeningAt(lab, callee))
  const call = (guise: Guise) => callAsCaller(lab, hop, { from, headers: { authorization: '' }, ...guise })
  const misbehave = async () => [await call({ path }), await call({}), await call({})]
  return {
    hop,
    without: await whileMounted(lab, [], () => call({ path })),
    mounted: await whileMounted(lab, [callee], misbehave, { tokens: true, rate: tightRate(2) }),
  }
}

type Rounds = Record<'nowhere' | 'atEdge' | 'atService', Round> & {
  edge: string
  service: string
  sidecar?: AtSidecar
}

/** An attack, a request without a token, one too many. */
const atSidecar = ['filtered', 'token-missing', 'rate-limited']

const by = ({ exercised }: Round, place: string): Control[] => controls.filter(control => exercised[control] === place)

/**
 * Holds when the pack at the edge exercises every control. The control: mounted nowhere nobody exercises any, mounted at the
 * service the service exercises all, a sidecar that has it filters, asks for a token and limits, and an honest request is served in every round.
 */
export const judgeMoved = ({ edge, service, nowhere, atEdge, atService, sidecar }: Rounds): Observed => {
  const kept = by(atEdge, edge)
  const restored = by(atService, service)
  const complete = kept.length === controls.length
  const own = atService.turnedAway[service] ?? 0
  const refusedAs = sidecar?.mounted.map(({ request }) => request?.failure?.name)
  const sidecarServes = !sidecar || (isDeepStrictEqual(refusedAs, atSidecar) && wasServed(sidecar.hop, sidecar.without))
  const served = [nowhere, atEdge, atService].every(({ honest }) => honest.status >= 200 && honest.status < 300)
  return {
    verdict: complete ? 'holds' : 'broken',
    because: complete
      ? `mounted at ${edge} the pack does ${kept.join(', ')}, and ${service} turns ${atEdge.turnedAway[service] ?? 0} requests away itself`
      : `mounted at ${edge} the pack does ${kept.join(', ') || 'nothing'}; at ${service} it does ${restored.join(', ')}, and ${service} turns ${own} requests away itself`,
    evidence: [
      done('mounted nowhere', 'client', nowhere),
      done('mounted at the edge', edge, atEdge),
      done('mounted at the service', service, atService),
      count(
        'requests the service had to turn away itself, the pack at the edge',
        service,
        atEdge.turnedAway[service] ?? 0,
      ),
      count('… the pack at the service', service, own),
      list('workloads that meet the public and must keep the rules', edge, atEdge.entries),
      ...(sidecar
        ? [...sidecar.without.evidence, ...sidecar.mounted.flatMap(({ evidence }) => evidence)].map(
            inFrontOfSidecar(sidecar),
          )
        : []),
    ],
    control: {
      passed:
        served &&
        Object.keys(nowhere.exercised).length === 0 &&
        restored.length === controls.length &&
        sidecarServes &&
        (complete || kept.length === 0),
      evidence: [done('mounted nowhere', 'client', nowhere), done('mounted at the service', service, atService)],
    },
  }
}

const list = (title: string, where: string, names: readonly string[]): Evidence => ({
  ...{ kind: 'text', title, where, text: names.join(', ') },
})

const inFrontOfSidecar =
  ({ hop, without }: AtSidecar) =>
  (one: Evidence): Evidence => ({
    ...one,
    title: `the sidecar of ${hop.link.callee}, the pack ${without.evidence.includes(one) ? 'not mounted' : 'mounted'}: ${one.title}`,
  })

const done = (title: string, where: string, { exercised, sent }: Round): Evidence => ({
  ...{ kind: 'text', title: `the pack ${title}`, where },
  text: `${sent} requests; ${controls.map(control => `${control}: ${exercised[control] ?? 'nobody'}`).join(', ')}`,
})
