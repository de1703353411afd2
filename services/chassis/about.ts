import type { ConnectionMemory } from './connection-memory.ts'
import type { ApplicationRecord, ConnectionRecord, RequestRecord } from './observation.ts'

/** A request or trace by its id; `from` and `to` (ms since the epoch): when it was, for those who have no record of it. */
export type About = { id: string; from?: number; to?: number }

/** Connections that failed so long before or after a request, ms, may belong to it. */
const aroundMs = 2_000

/** Between which moments these requests were under way, ms since the epoch. */
export const timeOf = (told: readonly RequestRecord[]): { from: number; to: number } => ({
  from: Math.min(...told.map(({ at }) => Date.parse(at))),
  to: Math.max(...told.map(({ at, durationMs }) => Date.parse(at) + durationMs)),
})

type Remembered = {
  connections: ConnectionMemory
  requests: readonly RequestRecord[]
  applications: readonly ApplicationRecord[]
}

/**
 * All that is remembered of one request or trace, by its id: its records, the connections it came and went on, and those
 * that failed around it. Without a record of it only what was answered under this id while it was no request yet.
 */
export const recordsAbout = ({ id, ...when }: About, { connections, requests, applications }: Remembered) => {
  const told = requests.filter(({ requestId, traceId }) => requestId === id || traceId === id)
  const used = new Set(
    told.flatMap(({ connection, calls = [] }) => [connection, ...calls.map(call => call.connection)]),
  )
  const spans = new Set(told.map(({ spanId }) => spanId))
  const own = timeOf(told)
  const from = Math.min(when.from ?? own.from, own.from) - aroundMs
  const to = Math.max(when.to ?? own.to, own.to) + aroundMs
  const isAround = ({ at }: ConnectionRecord) => Date.parse(at) >= from && Date.parse(at) <= to
  // what a proxy passed on unopened is nobody's by any id: it is told by its time
  const mayBelong = (record: ConnectionRecord) =>
    (record.failure !== undefined || record.transport === 'spliced') && isAround(record)
  return {
    requests: told,
    connections: connections
      .all()
      .filter(record => used.has(record.id) || record.requestId === id || mayBelong(record)),
    applications: applications.filter(({ spanId }) => spans.has(spanId)),
  }
}
