import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { expiredGraceMs } from './callees.ts'
import type { Connection, ConnectionTable } from './connections.ts'
import { createExpiryWatch } from './expiry-watch.ts'
import type { HttpAcceptor } from './http.ts'

/** An idle connection that may not stay is closed after this; an active one after its answer. */
const idleGraceMs = 150

/**
 * The same where callers were told when we were, and leave by themselves: only he is closed from here who was not. A POST
 * that meets our closing is lost, and on a busy machine one is told hundreds of milliseconds after another.
 */
export const toldGraceMs = 1_000

/** Those who are connected to a workload, and how they are made to leave. */
export type Callers = {
  /** A connection that may speak now. */
  admitted(connection: Connection): void
  /** Asks those who match to leave, without losing a request. Resolves when none of them is left. */
  drain(leaves: (connection: Connection) => boolean, idleMs?: number): Promise<void>
  /** Cuts those who showed such a certificate, whatever is under way. */
  cut(matches: (caller: X509Certificate, connection: Connection) => boolean): void
  /** Looks anew whose certificate has expired: after the clock was set. */
  lookAtExpiry(): void
  close(): void
}

/** Nobody stays longer than his certificate: who has not renewed is asked to leave, and cut a little later. */
export const createCallers = (connections: ConnectionTable, http: HttpAcceptor, clock: () => number): Callers => {
  const ask = ({ socket }: Connection, idleMs = idleGraceMs) => http.drain(socket, idleMs)
  const expired = new WeakSet<Connection>()
  const watch = createExpiryWatch(clock, now => {
    for (const connection of connections.all()) {
      const end = endOf(connection)
      if (end === undefined || end > now || expired.has(connection)) continue
      expired.add(connection)
      ask(connection)
      const timer = setTimeout(() => connection.socket.destroy(), expiredGraceMs)
      connection.socket.once('close', () => clearTimeout(timer))
    }
    return connections
      .all()
      .flatMap(connection => endOf(connection) ?? [])
      .filter(end => end > now)
  })

  return {
    admitted(connection) {
      const end = endOf(connection)
      if (end !== undefined) watch.until(end)
    },
    async drain(leaves, idleMs) {
      for (const connection of connections.all().filter(leaves)) ask(connection, idleMs)
      await connections.gone(leaves)
    },
    cut(matches) {
      for (const connection of connections.all()) {
        const { socket } = connection
        const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
        if (shown && matches(shown, connection)) socket.destroy()
      }
    },
    lookAtExpiry: watch.look,
    close: watch.close,
  }
}

const endOf = ({ peer }: Connection): number | undefined =>
  peer.kind === 'authenticated' ? Date.parse(peer.notAfter) : undefined
