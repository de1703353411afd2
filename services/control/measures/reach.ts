import type { Observations } from '../../chassis/observation.ts'
import type { AuditEntry } from '../state/audit.ts'

const changesMode = ['mode', 'rollout', 'rollback']

/** When the last change of mode among these was over, ms since the epoch: what was open before may have been meant otherwise. */
export const lastReached = (entries: readonly AuditEntry[]): number | null =>
  entries.findLast(({ action, result }) => changesMode.includes(action) && result !== 'begun')?.at ?? null

/** What happened from then on: connections opened, and older ones that carried a request. */
export const sinceTime = (report: Observations, from: string | null): Observations => {
  if (from === null) return report
  const requests = report.requests.filter(({ at }) => at >= from)
  const used = new Set(
    requests.flatMap(({ connection, calls = [] }) => [connection, ...calls.map(call => call.connection)]),
  )
  return { ...report, requests, connections: report.connections.filter(({ at, id }) => at >= from || used.has(id)) }
}
