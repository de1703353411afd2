import { idOf } from '../scenarios/flows/hops.ts'
import type { LabClient } from '../scenarios/lab-client.ts'
import { byRisk, riskOf } from '../scenarios/plan/risk.ts'
import type { ControlState } from '../services/control/glance.ts'
import type { L7Settings, Switches } from '../services/control/rollout/switches.ts'
import type { Link, Topology } from '../services/topology/topology.ts'

/** How a lab stands, as far as a fault shows in it. */
export type Standing = { topology: Topology; state: ControlState; switches: Switches }

/** Something wrong that is put into a running lab, and what takes it out again. */
export type Fault = {
  name: string
  /** What it touches: of one slot at most one fault is drawn, so that each can be found and mended by itself. */
  slot: string
  /** What people tell who suffer from it. */
  complaint(topology: Topology): string
  /** Where to look. */
  pointer: string
  /** What it was, once it is mended. */
  cause(topology: Topology): string
  breakLab(lab: LabClient): Promise<void>
  isOpen(standing: Standing): boolean
  /** Commands that mend it. */
  remedy(topology: Topology): string[]
}

/** The link on which most is lost, and the workload that is called last. */
const riskiest = (topology: Topology): Link =>
  [...topology.links].sort((a, b) => byRisk(riskOf(topology, a), riskOf(topology, b)))[0]!
const bystander = (topology: Topology): string =>
  topology.links.filter(({ callee, when }) => callee !== riskiest(topology).callee && !when).at(-1)!.callee

const edgeSettings = async (lab: LabClient, settings: Partial<L7Settings>): Promise<void> => {
  const { edge } = lab.topology.ingress
  const { l7 } = await lab.switches()
  await lab.setSwitch('l7', { ...l7, [edge]: { waf: true, rate: null, tokens: false, ...l7[edge], ...settings } })
}
const switched =
  (name: keyof Switches, also: (standing: Standing) => boolean = () => true) =>
  (standing: Standing): boolean =>
    standing.state.switched[name] !== undefined && also(standing)
const edgeOf = ({ topology, switches }: Standing) => switches.l7[topology.ingress.edge]
const backToDefault = (name: keyof Switches) => () => [`./hop switch ${name} default`]

/** In the order in which they are put in: what needs everybody's word comes before what takes somebody his. */
export const faults: readonly Fault[] = [
  {
    name: 'relaxed',
    slot: 'break-glass',
    complaint: topology =>
      `Security asks why the network team could read ${riskiest(topology).data[0]} numbers again since last night.`,
    pointer: 'hop gate tells plaintext that was seen; hop state says whether a glass is broken.',
    cause: topology => `somebody broke the glass on ${riskiest(topology).id} and went home`,
    breakLab: async lab => {
      const { id } = riskiest(lab.topology)
      await lab.lifecycle.breakGlass({ link: id, forS: 3600, reason: 'it was late' })
    },
    isOpen: ({ state, topology }) => state.breakGlass?.link === riskiest(topology).id,
    remedy: () => ['./hop break-glass --end'],
  },
  {
    name: 'pipeline',
    slot: 'logPipelines',
    complaint: () => 'A colleague has added log shipping. He says that it was quick and that it works.',
    pointer: 'hop gate refuses undeclared plaintext; hop switch logPipelines shows who ships where.',
    cause: topology => `${riskiest(topology).callee} shipped its records in the clear to a place no topology declares`,
    breakLab: async lab => {
      const { callee } = riskiest(lab.topology)
      await lab.setSwitch('logPipelines', { [callee]: { name: 'collector', address: { host: '127.0.0.1', port: 9 } } })
    },
    isOpen: switched('logPipelines'),
    remedy: backToDefault('logPipelines'),
  },
  {
    name: 'denied',
    slot: 'policy',
    complaint: topology =>
      `Customers get errors. ${riskiest(topology).callee} says that it works and has nothing to do.`,
    pointer: 'hop calls --denied names who was turned away, and by which rule.',
    cause: topology => `the policy denied ${riskiest(topology).caller} by name`,
    breakLab: async lab => {
      const { caller } = riskiest(lab.topology)
      await lab.setSwitch('policy', { kind: 'deny-by-name', names: [caller] })
    },
    isOpen: switched('policy', ({ switches }) => switches.policy.kind === 'deny-by-name'),
    remedy: backToDefault('policy'),
  },
  {
    name: 'allowed',
    slot: 'policy',
    complaint: () => 'An audit found a service calling another one that it has no business with. It was let in.',
    pointer: 'hop calls names the rule that let each caller in; hop switch policy shows the rules.',
    cause: () => 'the policy let every workload send everything everywhere',
    breakLab: async lab => void (await lab.setSwitch('policy', { kind: 'allow-all' })),
    isOpen: switched('policy', ({ switches }) => switches.policy.kind === 'allow-all'),
    remedy: backToDefault('policy'),
  },
  {
    name: 'tokens',
    slot: 'l7',
    complaint: () => 'Customers who are not logged in can order nothing. They never had to log in.',
    pointer: 'hop request shows the status the edge answers with; hop switch l7 shows what the edge asks for.',
    cause: () => 'the edge asked for tokens that nobody had given to customers',
    breakLab: lab => edgeSettings(lab, { tokens: true }),
    isOpen: switched('l7', standing => edgeOf(standing)?.tokens === true),
    remedy: backToDefault('l7'),
  },
  {
    name: 'rate',
    slot: 'l7',
    complaint: () => 'The first customer of the morning is served. Whoever comes after him is told to come later.',
    pointer: 'hop request, several times; hop switch l7 shows the limits of the edge.',
    cause: () => 'the edge let in one request in a quarter of an hour',
    breakLab: lab => edgeSettings(lab, { rate: { perSecond: 0.001, burst: 1 } }),
    isOpen: switched('l7', standing => (edgeOf(standing)?.rate?.perSecond ?? 1) < 1),
    remedy: backToDefault('l7'),
  },
  {
    name: 'revoked',
    slot: 'enrolment',
    complaint: topology => `${bystander(topology)} has gone quiet. Its process runs and its log is empty.`,
    pointer: 'hop state says who is connected; hop certificates --all what was revoked.',
    cause: topology => `the certificate of ${bystander(topology)} had been revoked`,
    breakLab: async lab => {
      const id = idOf(lab.topology, bystander(lab.topology))
      await lab.lifecycle.revoke({ id, reason: 'cessationOfOperation' })
    },
    isOpen: ({ state, topology }) => !state.workloads.find(({ name }) => name === bystander(topology))?.connected,
    remedy: topology => [`./hop reenrol ${bystander(topology)}`],
  },
  {
    name: 'clock',
    slot: 'clocks',
    complaint: topology =>
      `Orders fail since the host of ${riskiest(topology).callee} was moved. All certificates are fresh.`,
    pointer:
      'hop doctor compares clocks; a certificate that is not yet valid is younger than somebody thinks today is.',
    cause: topology => `the clock of ${riskiest(topology).callee} was two hours slow`,
    breakLab: async lab => void (await lab.setSwitch('clocks', { [riskiest(lab.topology).callee]: -7200 })),
    isOpen: switched('clocks'),
    remedy: backToDefault('clocks'),
  },
  {
    name: 'lists',
    slot: 'revocation',
    complaint: () => 'Nobody inside reaches anybody any more, and no certificate has changed.',
    pointer: 'hop doctor looks at revocation lists; hop switch revocation says whether any are given out.',
    cause: () => 'no revocation lists were given out, and whoever cannot check refuses',
    breakLab: async lab => {
      const { revocation } = await lab.switches()
      await lab.setSwitch('revocation', { ...revocation, lists: 'withheld' })
    },
    isOpen: switched('revocation'),
    remedy: backToDefault('revocation'),
  },
]

/** So many faults of as many slots, the same for the same seed, in the order in which they are put in. */
export const drawFaults = (count: number, seed: number): Fault[] => {
  const random = randomFrom(seed)
  const pick = <Item>(items: Item[]): Item => items.splice(Math.floor(random() * items.length), 1)[0]!
  const slots = [...new Set(faults.map(({ slot }) => slot))]
  const chosen = Array.from({ length: Math.min(count, slots.length) }, () => pick(slots))
  const drawn = chosen.map(slot => pick(faults.filter(fault => fault.slot === slot)))
  return drawn.sort((a, b) => faults.indexOf(a) - faults.indexOf(b))
}

/** mulberry32: 32 bits of state are plenty for a draw that has to be repeatable, and no secret hangs on it. */
const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
