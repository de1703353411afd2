import { setTimeout as wait } from 'node:timers/promises'
import type { Observations } from '../../chassis/observation.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Intent } from '../state/intent.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import { endsOf, withLater } from './accounted.ts'
import { broadened } from './broad-policy.ts'
import type { LastingCaller } from './guard-settings.ts'
import { lastingCallers } from './lasting-callers.ts'
import { type Plan, planOf, sourcesOf } from './plan.ts'
import { unobserved } from './problems.ts'
import type { Switches } from './switches.ts'

type Options = {
  topology: Topology
  intent: Intent
  switches: () => Switches
  names: () => string[]
  report: (name: string, since: number) => Promise<Observations>
}

/** Where each callee's records ended when the observation began. */
export type Marks = Record<string, number>

/** Looks for callers that the end of a rollout would turn away. */
export type CallerWatch = {
  /** Throws `rollout-unobserved`, as `since` does. */
  mark(): Promise<Marks>
  /** Who was served since the marks and would not be once the rollout has ended. */
  since(marks: Marks, row: RolloutRow): Promise<LastingCaller[]>
}

/** Later than any cursor: nothing is new after it. */
const endOfTime = 999_999_999_999

/** A caller's record of a request is written a little after its callee's. */
const patience = { tries: 4, pauseMs: 30 }

export const createCallerWatch = ({ topology, intent, switches, names, report }: Options): CallerWatch => {
  const reports = async (since: (name: string) => number): Promise<Record<string, Observations>> =>
    Object.fromEntries(
      await Promise.all(
        names().map(async name => {
          const seen = await report(name, since(name)).catch(cause => {
            throw unobserved(name, cause)
          })
          return [name, seen] as const
        }),
      ),
    )

  const targetOf = (row: RolloutRow): Plan =>
    Object.fromEntries(
      Object.entries(planOf(topology, row.to)).map(([name, posture]) => [
        name,
        { ...posture, rules: broadened(topology, posture, switches().policy) },
      ]),
    )

  return {
    mark: async () => endsOf(await reports(() => endOfTime)),
    async since(marks, row) {
      const { edge } = topology.ingress
      const first = await reports(() => 0)
      const ends = endsOf(first)
      const seen = Object.entries(first).map(([name, report]): [string, Observations] => {
        const from = marks[name] ?? 0
        // who restarted in between counts from one again
        const requests = report.requests.filter(({ cursor }) => cursor > from || report.cursor < from)
        return [name, { ...report, requests }]
      })
      const closing = {
        topology,
        target: targetOf(row),
        reports: Object.fromEntries(seen),
        proxies: sourcesOf(edge, { sources: intent.sources(), addresses: intent.addresses() }),
      }
      let callers = lastingCallers({ ...closing, accounts: first })
      for (let left = patience.tries; callers.length > 0 && left > 0; left--) {
        await wait(patience.pauseMs)
        const later = await reports(name => ends[name] ?? 0)
        callers = lastingCallers({ ...closing, accounts: withLater(first, later) })
      }
      return callers
    },
  }
}
