import type { Marks } from '../scenarios/flows/records.ts'
import { freshWire } from '../scenarios/flows/wire.ts'
import type { LabClient } from '../scenarios/lab-client.ts'
import type { Cell } from '../scenarios/scenario.ts'
import type { Observations } from '../services/chassis/observation.ts'
import type { ControlState } from '../services/control/glance.ts'
import type { Switches } from '../services/control/rollout/switches.ts'
import type { AuditEntry } from '../services/control/state/audit.ts'
import { linkIds } from '../services/hops.ts'
import type { Topology } from '../services/topology/topology.ts'
import type { Fault } from './faults.ts'

/** Where a step began in everything that is recorded. */
export type Since = {
  /** ms since the epoch. */
  at: number
  /** The last entry of the audit. */
  audit: number
  /** Places in the workloads' records; they count for this run of the lab only. */
  records: Marks
  /** Which run of the lab: its process, as its file has it. */
  lab: string
}

export type ObservedVerdict = Pick<Cell, 'scenario' | 'mode' | 'link' | 'verdict'> & { observedAt: string }

/** What predicates judge: what was recorded since a step began, and how the lab stands. Nothing of it was typed as an answer. */
export type Events = {
  topology: Topology
  state: ControlState
  switches: Switches
  audit: AuditEntry[]
  /** Of workloads that can be asked. */
  reports: Record<string, Observations>
  verdicts: ObservedVerdict[]
  /** What passed on the latest connection of each link, both directions; empty where no predicate reads it. */
  wire: Record<string, Buffer>
  /** The faults that were drawn for the lesson. */
  faults: readonly Fault[]
}

/** Draws the line: what comes after it counts. `wire`: what the taps recorded before is forgotten, on new connections. */
export const beginHere = async (lab: LabClient, run: string, wire: boolean, before?: Since): Promise<Since> => {
  if (wire) await freshWire(lab, linkIds(lab.topology))
  const ends = await reportsOf(lab, Object.fromEntries(namesIn(lab).map(name => [name, endOfTime])))
  const now = Object.fromEntries(Object.entries(ends).map(([name, { cursor }]) => [name, cursor]))
  // of who cannot tell now it is known at least where his records ended before
  const records = { ...(before?.lab === run ? before.records : {}), ...now }
  return { at: Date.now(), audit: await lastOf(lab), records, lab: run }
}

const namesIn = ({ topology }: LabClient): string[] => Object.keys(topology.workloads)

/** Later than any cursor: nothing is new after it. */
const endOfTime = 999_999_999_999

/** Everybody is asked by himself: one who cannot answer, because his certificate has ended, keeps nobody else from it. */
const reportsOf = async (lab: LabClient, marks: Marks): Promise<Record<string, Observations>> => {
  const told = await Promise.all(
    Object.entries(marks).map(async ([name, since]) => {
      const report = await lab.report(name, since).catch(() => undefined)
      return report ? [[name, report] as const] : []
    }),
  )
  return Object.fromEntries(told.flat())
}

const lastOf = async (lab: LabClient): Promise<number> => {
  for (let id = 0; ; ) {
    const entries = await lab.audit(id)
    id = entries.at(-1)?.id ?? id
    if (entries.length < 1000) return id
  }
}

type Reading = { run: string; wire: boolean; faults: readonly Fault[]; verdicts: readonly ObservedVerdict[] }

/** Everything that was recorded since, as a predicate wants it. */
export const readEvents = async (lab: LabClient, since: Since, reading: Reading): Promise<Events> => {
  const { topology } = lab
  const known = reading.run === since.lab ? since.records : {}
  const [state, switches, audit, reports, wire] = await Promise.all([
    lab.state(),
    lab.switches(),
    lab.audit(since.audit),
    reportsSince(lab, Object.fromEntries(namesIn(lab).map(name => [name, known[name] ?? 0]))),
    reading.wire ? passedOn(lab) : {},
  ])
  const from = new Date(since.at).toISOString()
  const verdicts = reading.verdicts.filter(({ observedAt }) => observedAt >= from)
  return { topology, state, switches, audit, reports, verdicts, wire, faults: reading.faults }
}

/** Of connections also those that were there before and have been used since: a request says on which one it came. */
const reportsSince = async (lab: LabClient, marks: Marks): Promise<Record<string, Observations>> => {
  const fresh = await reportsOf(lab, marks)
  const isKnown = (connections: Observations['connections'], id: string) => connections.some(each => each.id === id)
  const older = Object.entries(fresh).filter(([, { requests, connections }]) =>
    requests.some(({ connection }) => !isKnown(connections, connection)),
  )
  const whole = older.length > 0 ? await reportsOf(lab, Object.fromEntries(older.map(([name]) => [name, 0]))) : {}
  return Object.fromEntries(
    Object.entries(fresh).map(([name, report]) => {
      const used = new Set(report.requests.map(({ connection }) => connection))
      const before = (whole[name]?.connections ?? []).filter(
        ({ id, failure }) => used.has(id) && !failure && !isKnown(report.connections, id),
      )
      return [name, { ...report, connections: [...before, ...report.connections] }]
    }),
  )
}

const passedOn = async (lab: LabClient): Promise<Record<string, Buffer>> => {
  const bytesOn = async (link: string) => {
    const recorded = await lab.wire(link).bytes()
    const latest = recorded.findLast(({ bytes }) => bytes['to-callee'].length > 0)
    return latest ? Buffer.concat([latest.bytes['to-callee'], latest.bytes['to-caller']]) : Buffer.alloc(0)
  }
  const links = linkIds(lab.topology)
  return Object.fromEntries(await Promise.all(links.map(async link => [link, await bytesOn(link)] as const)))
}
