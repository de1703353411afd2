import type { Observations } from '../../services/chassis/observation.ts'
import type { ControlState } from '../../services/control/glance.ts'
import type { Seen } from '../../services/control/measures/metric.ts'
import { sinceTime } from '../../services/control/measures/reach.ts'
import type { Marks } from '../flows/records.ts'
import { reachedAt } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import type { Firing } from './alert.ts'
import { evaluate } from './evaluate.ts'

/** How far back records of connections count for alerts, ms. */
const windowMs = 300_000

/** Which records of connections count: of the present mode, and after these marks or no older than so many ms. */
export type Reach = { marks: Marks } | { windowMs: number }

/** Looks at a running lab once. */
export const seeAll = async (lab: LabClient, reach: Reach = { windowMs }): Promise<Seen> => {
  const { topology } = lab
  const state = await lab.state()
  const { mode, breakGlass, workloads, hops } = state
  const marks = 'marks' in reach ? reach.marks : {}
  const present = workloads.filter(({ connected }) => connected).map(({ name }) => [name, marks[name] ?? 0] as const)
  const asked = Date.now()
  const oldest = 'marks' in reach ? 0 : asked - reach.windowMs
  const [told, trust, certificates, { renewal }, reached] = await Promise.all([
    reportsOf(lab, Object.fromEntries(present)),
    lab.lifecycle.trust(),
    lab.lifecycle.certificates(),
    lab.switches(),
    reachedAt(lab),
  ])
  const from = new Date(Math.max(oldest, reached ?? 0)).toISOString()
  const reports = Object.fromEntries(Object.entries(told.reports).map(([name, one]) => [name, sinceTime(one, from)]))
  const now = (asked + told.first) / 2
  return {
    topology,
    mode,
    now,
    reports,
    workloads,
    hops,
    rollout: underWay(state, await lab.state()),
    breakGlass: breakGlass ?? null,
    renewal,
    trust,
    certificates,
  }
}

/** A change of mode that began or ended while somebody looked was under way: records of both modes may be among what he saw. */
const underWay = (before: ControlState, after: ControlState): Seen['rollout'] =>
  before.rollout ?? after.rollout ?? (before.mode === after.mode ? null : { from: before.mode, to: after.mode })

/** Of who does not answer there is no report: that, too, is something to see. `first`: when the first came. */
const reportsOf = async (lab: LabClient, marks: Marks) => {
  const came: number[] = []
  const told = await Promise.all(
    Object.entries(marks).map(async ([name, since]): Promise<[string, Observations][]> => {
      const report = await lab.report(name, since).catch(() => undefined)
      if (report) came.push(Date.now())
      return report ? [[name, report]] : []
    }),
  )
  return { reports: Object.fromEntries(told.flat()), first: came[0] ?? Date.now() }
}

/** Every alert that fires now; with `marks`, of connections only what was recorded after them counts. */
export const observeAlerts = async (lab: LabClient, marks?: Marks): Promise<Firing[]> =>
  evaluate(await seeAll(lab, marks && { marks }))
