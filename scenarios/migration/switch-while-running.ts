import type { Observations, ProgramRun } from '../../services/chassis/observation.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { type Hop, type Mode, modes } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { everywhere } from '../expected.ts'
import { isInner } from '../flows/hops.ts'
import { mark, recordsSince, reportsNow } from '../flows/records.ts'
import { comingBack } from '../flows/stricter.ts'
import { customer } from '../flows/unmanaged.ts'
import { type Meanwhile, meanwhileEvidence, whileCalling } from '../flows/while-calling.ts'
import { defineScenario, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'switch-while-running',
  claims: ['S1'],
  title: 'Does a change of design cost a restart or a request?',
  guarantee: 'the lab goes to another mode and back while customers order, without a restart and without losing one',
  explanation:
    'A customer orders all the while the lab goes to another mode and back. Every workload can speak each transport, so changing is a word of the control plane: it goes on as the same run of its program, its records show requests on the new transports, and no order is lost.',
  per: 'system',
  unless: topology => (otherMode(topology, modes[0]!) ? undefined : 'no link of it differs between two modes'),
  expected: everywhere('holds'),
  run: lab =>
    comingBack(lab, async present => {
      const other = otherMode(lab.topology, present)!
      const [ordering, newcomer] = [await customer(lab), await customer(lab)]
      const before = runsIn(await reportsNow(lab))
      const marks = await mark(lab)
      try {
        const { meanwhile } = await whileCalling(ordering.call, async () => {
          await lab.switchMode(other)
          await newcomer.call()
          await lab.switchMode(present)
        })
        const reports = await recordsSince(lab, marks)
        const moved = seenOn(reports, changed(lab.topology, present, other))
        return judgeSwitch({ from: present, to: other, before, after: runsIn(reports), meanwhile, moved })
      } finally {
        ordering.close()
        newcomer.close()
      }
    }),
})

/** The next mode in which some link between workloads goes another way. */
const otherMode = (topology: Topology, present: Mode): Mode | undefined => {
  const at = modes.indexOf(present)
  return [...modes.slice(at + 1), ...modes.slice(0, at)].find(mode => changed(topology, present, mode).length > 0)
}

/** Hops of the other mode that go another way than now. */
const changed = (topology: Topology, present: Mode, other: Mode): Hop[] => {
  const now = new Map(usualHopsOf(topology, present).map(({ link, transport }) => [link.id, transport]))
  return usualHopsOf(topology, other).filter(
    hop => isInner(hop) && now.has(hop.link.id) && now.get(hop.link.id) !== hop.transport,
  )
}

/** Of these hops, those on which a callee recorded requests over their transport. */
const seenOn = (reports: Record<string, Observations>, hops: readonly Hop[]): string[] =>
  hops
    .filter(({ link, transport }) => {
      const { connections = [], requests = [] } = reports[link.callee] ?? {}
      const over = new Set(connections.filter(each => each.transport === transport).map(({ id }) => id))
      return requests.some(({ rule, connection }) => rule === link.id && over.has(connection))
    })
    .map(({ link, transport }) => `${link.id} by ${transport}`)

type Runs = Record<string, ProgramRun | undefined>

const runsIn = (reports: Record<string, Observations>): Runs =>
  Object.fromEntries(Object.entries(reports).map(([name, { program }]) => [name, program]))

type Switched = { from: Mode; to: Mode; before: Runs; after: Runs; meanwhile: Meanwhile; moved: string[] }

/** Holds when every program is the same run as before and nothing was lost. The control: requests were seen on the other mode's transports. */
export const judgeSwitch = ({ from, to, before, after, meanwhile, moved }: Switched): Observed => {
  const names = Object.keys(before)
  const restarted = names.filter(name => before[name]?.instance !== after[name]?.instance)
  const lost = meanwhile.lost.length
  const holds = restarted.length === 0 && lost === 0
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${meanwhile.calls} orders were answered while the lab went from ${from} to ${to} and back, and all ${names.length} programs ran on`
      : restarted.length > 0
        ? `${restarted.join(', ')} did not run on`
        : `${lost} of ${meanwhile.calls} orders were lost`,
    evidence: [
      ...meanwhileEvidence(meanwhile, 'orders'),
      ...names.map(name => ({
        ...{ kind: 'text' as const, title: `the run of ${name}, before and after`, where: name },
        text: `${before[name]?.instance} and ${after[name]?.instance}`,
      })),
    ],
    control: {
      passed: names.length > 0 && names.every(name => before[name] && after[name]) && moved.length > 0,
      evidence: [{ kind: 'text', title: `seen under ${to}`, where: 'callees', text: moved.join(', ') }],
    },
  }
}
