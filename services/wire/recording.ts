import type { Direction } from '../chassis/relay.ts'
import type { Address } from '../chassis/transport.ts'

/** One thing seen on a connection. `at`: ms since the epoch. `rst`: whoever sends in `direction` broke the connection. */
export type WireEvent = { at: number; direction: Direction; kind: 'data' | 'fin' | 'rst'; bytes: Buffer }

/** What is still held of one connection, in order of time; bytes as their sender sent them, before any alteration. */
export type RecordedConnection = {
  id: number
  openedAt: number
  closedAt?: number
  caller: Address
  callee: Address
  events: WireEvent[]
  /** Bytes no longer held, before the first one that is. Above zero: the recording begins mid-stream. */
  forgotten: Record<Direction, number>
}

/** Numbers about a recorder: what it holds now and what it had to forget (since the last reset). */
export type RecorderState = { connections: number; bytes: number; forgottenBytes: number; forgottenConnections: number }

export type Recorder = {
  open(caller: Address, callee: Address): ConnectionRecorder
  connections(): RecordedConnection[]
  state(): RecorderState
  /** Forgets all recorded so far; connections still open go on being recorded from here. */
  reset(): void
}

export type ConnectionRecorder = {
  see(direction: Direction, kind: WireEvent['kind'], bytes?: Buffer): void
  close(): void
}

const none = Buffer.alloc(0)
/** What an event or a connection costs beside its bytes, so that a million tiny ones are bounded too. */
const overhead = 256

/**
 * Remembers what passed on one link, at most about `limit` bytes of memory. Beyond that the oldest bytes go first, and
 * with its last byte a closed connection; both are counted.
 */
export const createRecorder = ({ limit, clock }: { limit: number; clock: () => number }): Recorder => {
  let connections = new Map<number, RecordedConnection>()
  let queue: { connection: RecordedConnection; event: WireEvent }[] = []
  let nextId = 1
  let held = 0
  let bytes = 0
  let forgotten = { bytes: 0, connections: 0 }

  const drop = (connection: RecordedConnection): void => {
    if (!connections.delete(connection.id)) return
    held -= overhead
    forgotten.connections += 1
  }
  const forgetOldest = (): void => {
    const oldest = queue.shift()
    if (!oldest) return
    const { connection, event } = oldest
    connection.events.shift()
    connection.forgotten[event.direction] += event.bytes.length
    forgotten.bytes += event.bytes.length
    bytes -= event.bytes.length
    held -= event.bytes.length + overhead
    if (connection.closedAt !== undefined && connection.events.length === 0) drop(connection)
  }
  const trim = (): void => {
    while (held > limit && queue.length > 0) forgetOldest()
  }
  return {
    open(caller, callee) {
      const connection: RecordedConnection = {
        ...{ id: nextId++, openedAt: clock(), caller, callee },
        ...{ events: [], forgotten: { 'to-callee': 0, 'to-caller': 0 } },
      }
      connections.set(connection.id, connection)
      held += overhead
      return {
        see(direction, kind, chunk = none) {
          const event = { at: clock(), direction, kind, bytes: chunk }
          connection.events.push(event)
          queue.push({ connection, event })
          bytes += chunk.length
          held += chunk.length + overhead
          trim()
        },
        close() {
          connection.closedAt = clock()
          if (connection.events.length === 0) drop(connection)
        },
      }
    },
    connections: () => [...connections.values()],
    state: () => ({
      ...{ connections: connections.size, bytes },
      ...{ forgottenBytes: forgotten.bytes, forgottenConnections: forgotten.connections },
    }),
    reset() {
      while (queue.length > 0) forgetOldest()
      connections = new Map([...connections].filter(([, { closedAt }]) => closedAt === undefined))
      queue = []
      held = connections.size * overhead
      forgotten = { bytes: 0, connections: 0 }
    },
  }
}
