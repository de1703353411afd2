import type { Transport } from '../../services/chassis/transport.ts'
import type { Hop } from '../../services/modes.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { type WireContent, wireCarries } from '../flows/on-the-wire.ts'
import { type Watched, watchEveryWay } from '../flows/watched-probe.ts'
import type { ObservedHop } from '../observed.ts'
import { defineScenario, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'layers',
  claims: ['B7'],
  title: 'Has each link the protection that its data and borders call for?',
  guarantee: '<link> is protected as its data and its borders call for',
  explanation:
    'What a link needs follows from the topology: into a sensitive zone both ends proven, across a border or with a ' +
    'secret on board encryption and a proven callee, elsewhere nothing. What it has is observed in one request: the ' +
    'bytes on the wire, and whom each end recorded at the other. More than is needed holds too; what it costs stands below.',
  per: 'link',
  select: () => true,
  expected: hop => (strength[hop.transport] >= strength[needOf(hop)] ? 'holds' : 'broken'),
  async run(lab, hops) {
    const watched = await watchEveryWay(lab)
    return new Map(hops.map(hop => [hop.link.id, judgeLayer(hop, protection(watched, hop))]))
  },
})

/** Each gives what those before it give, and more. */
const strength: Record<Transport, number> = { plaintext: 0, tls: 1, mtls: 2 }

const meaning: Record<Transport, string> = {
  plaintext: 'nothing',
  tls: 'encryption and a proven callee',
  mtls: 'encryption and both ends proven',
}

/** What a link calls for. The public has no identity of its own, so on its way in only the callee can be proven. */
export const needOf = (hop: Hop): Transport => {
  const { intoSensitive, crossesZone, carriesSecrets } = hop.link
  if (isInner(hop) && intoSensitive) return 'mtls'
  return crossesZone || carriesSecrets || !isInner(hop) ? 'tls' : 'plaintext'
}

/** What was seen of a hop: on the wire, of its callee by the caller, of its caller by the callee. */
export type Protection = {
  carries: WireContent
  calleeProven: boolean
  callerProven: boolean
  /** The hop as its ends kept it; undefined where nothing was kept. */
  recorded: Pick<ObservedHop, 'transport' | 'protocol' | 'caller' | 'callee'> | undefined
}

const protection = ({ overheard, seen, hop: observed }: Watched, hop: Hop): Protection => {
  const recorded = observed(hop)
  const carries = wireCarries(overheard.recorded(hop.link.id))
  // the client's own socket checked the name and the chain before it sent anything
  if (!isInner(hop)) return { carries, recorded, calleeProven: overheard.answer.tls !== undefined, callerProven: false }
  const id = (name: string) => idOf(seen.topology, name)
  return {
    ...{ carries, recorded },
    calleeProven: recorded?.callee.kind === 'authenticated' && recorded.callee.id === id(hop.link.callee),
    callerProven: recorded?.believed?.by === 'certificate' && recorded.believed.caller === id(hop.link.caller),
  }
}

/** Holds when what was observed is at least what the link calls for. The control: bytes passed, and both ends tell of them. */
export const judgeLayer = (hop: Hop, seen: Protection): Observed => {
  const need = needOf(hop)
  const { carries, calleeProven, callerProven, recorded } = seen
  const has: Transport = carries !== 'tls' || !calleeProven ? 'plaintext' : callerProven ? 'mtls' : 'tls'
  const holds = strength[has] >= strength[need]
  const told = { kind: 'text', title: 'as its ends recorded it', where: hop.link.id, text: inWords(recorded) } as const
  const agree = (carries === 'tls') === (recorded?.transport !== 'plaintext')
  return {
    verdict: holds ? 'holds' : 'broken',
    because: `the link ${reasonOf(hop)}, calls for ${meaning[need]} and has ${meaning[has]}`,
    evidence: [{ kind: 'text', title: 'the first bytes on the wire are', where: hop.link.id, text: carries }, told],
    control: { passed: carries !== 'nothing' && recorded !== undefined && agree, evidence: [told] },
  }
}

const inWords = (recorded: Protection['recorded']): string => {
  if (!recorded) return 'not at all'
  const { transport, protocol, caller, callee } = recorded
  return `${[transport, protocol].filter(Boolean).join(' ')}, caller ${caller.kind}, callee ${callee.kind}`
}

const reasonOf = ({ link: { intoSensitive, crossesZone, carriesSecrets } }: Hop): string => {
  const border = intoSensitive ? 'leads into a sensitive zone' : crossesZone ? 'crosses a border' : ''
  const reasons = [border, carriesSecrets ? 'carries a secret' : ''].filter(Boolean)
  return reasons.join(' and ') || 'stays in its zone without a secret'
}
