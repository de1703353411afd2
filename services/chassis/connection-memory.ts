import type { ConnectionRecord } from './observation.ts'
import { createRing } from './ring.ts'

export type ConnectionEnd = Partial<Pick<ConnectionRecord, 'bytesIn' | 'bytesOut' | 'durationMs'>>

/** What a workload remembers of its connections: the last ones of either side, and whatever is open. */
export type ConnectionMemory = {
  add(record: ConnectionRecord): void
  /** It is over; with `end` its record is new again, under this cursor. */
  ended(record: ConnectionRecord, end: ConnectionEnd, cursor: number): void
  ended(record: ConnectionRecord): void
  /** The newest that are newer than the cursor, oldest first. */
  since(cursor: number): ConnectionRecord[]
  /** By its id, as long as it is open or among the last; a failure that ended it is another record. */
  find(id: string): ConnectionRecord | undefined
  all(): ConnectionRecord[]
}

/**
 * Of each side so many. A request comes on one connection and may need several: a thousand requests back every
 * connection is known, be none of them used twice.
 */
const usual = { server: 2000, client: 6000 }

/** How many connections of either side are remembered beside those that are open. */
export type ConnectionsKept = typeof usual

const justClosed = 256

/** So many go into one report. */
const mostTold = 2000

export const createConnectionMemory = (kept: ConnectionsKept = usual): ConnectionMemory => {
  const rings = {
    server: createRing<ConnectionRecord>(kept.server),
    client: createRing<ConnectionRecord>(kept.client),
  }
  // one that stays open for long has many younger ones behind it, and is used all the same
  const open = new Map<string, ConnectionRecord>()
  // a request may be over a moment after its connection
  const closed = new Map<string, ConnectionRecord>()
  const since = (cursor: number) =>
    [...rings.server.since(cursor), ...rings.client.since(cursor)].sort((a, b) => a.cursor - b.cursor)

  return {
    add(record) {
      rings[record.side].push(record)
      if (!record.failure) open.set(record.id, record)
    },
    ended(record: ConnectionRecord, end?: ConnectionEnd, cursor?: number) {
      open.delete(record.id)
      closed.set(record.id, record)
      for (const [oldest] of closed) {
        if (closed.size <= justClosed) break
        closed.delete(oldest)
      }
      if (end && cursor !== undefined) rings[record.side].renew(Object.assign(record, end), cursor)
    },
    since: cursor => since(cursor).slice(-mostTold),
    find: id => open.get(id) ?? closed.get(id) ?? since(0).findLast(record => record.id === id && !record.failure),
    all: () => {
      const remembered = since(0)
      const known = new Set(remembered)
      return [...[...open.values()].filter(record => !known.has(record)), ...remembered]
    },
  }
}
