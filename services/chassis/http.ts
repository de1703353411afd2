import type { Socket } from 'node:net'
import type { Connection } from './connections.ts'
import { defaultLimits, type HttpEvents, type HttpLimits, type Served } from './http-connection.ts'
import { createHttp1 } from './http1.ts'
import { createHttp2 } from './http2.ts'
import type { Request, Response } from './program.ts'
import type { Telemetry } from './telemetry.ts'

export type HttpAcceptor = {
  /** Takes a plain socket, or a TLS socket after its handshake; HTTP/2 where ALPN said so, HTTP/1.1 otherwise. */
  accept(socket: Socket, connection: Connection): void
  /**
   * The connection is to end without losing a request: HTTP/1.1 announces it with the next response, HTTP/2 by GOAWAY
   * now. One that stays idle for `idleMs` is closed; an active one after its answer.
   */
  drain(socket: Socket, idleMs: number): void
  /** `undefined` for a connection that is not (or no longer) here. */
  stateOf(socket: Socket): 'idle' | 'active' | undefined
  counts(): { idle: number; active: number }
  /** Drains all, and cuts what is left after `graceMs`. Resolves when no connection is left. */
  close(graceMs?: number): Promise<void>
}

export type HttpAcceptorOptions = {
  /** A request whose framing, target and host are clean. Its body has not been read. */
  onRequest(request: Request, response: Response, connection: Connection): void
  telemetry: Telemetry
  limits?: Partial<HttpLimits>
  /** Raw header pairs of every refusal (HSTS at an edge). */
  refusalHeaders?: readonly string[]
}

// A busy loop runs timers before it reads: a request may have arrived that nobody has looked at yet, a tap in between
// taking a turn of its own. Only after some turns of the loop is an idle connection known to be idle.
const turnsToRead = 4

const afterTurns = (turns: number, then: () => void): void => {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, then) : then()))
}

/**
 * HTTP on sockets that somebody else accepted: the servers inside never listen. Requests that are not
 * beyond doubt are answered with 400-class problem+json and their connection closed (see `http-rules.ts`).
 */
export const createHttpAcceptor = (options: HttpAcceptorOptions): HttpAcceptor => {
  const { onRequest, telemetry, refusalHeaders = [] } = options
  const limits = { ...defaultLimits, ...options.limits }
  const served = new Map<Socket, Served>()
  const events: HttpEvents = {
    request: onRequest,
    refused: (connection, name, code) => connection && telemetry.connection(refusalRecord(connection, name, code)),
    refusalHeaders,
    idle: end,
  }
  const http1 = createHttp1(events, limits, served)
  const http2 = createHttp2(events, limits)

  function end({ connection: { socket }, drainMs }: Served): void {
    if (drainMs === undefined) return
    const closeIfIdle = () => {
      if (served.get(socket)?.active === 0) socket.destroySoon()
    }
    const timer = setTimeout(() => afterTurns(turnsToRead, closeIfIdle), drainMs)
    socket.once('close', () => clearTimeout(timer))
  }

  const drain = (entry: Served, idleMs: number): void => {
    if (entry.drainMs !== undefined) return
    entry.drainMs = idleMs
    if (entry.session) entry.session.close()
    else if (entry.last && !entry.last.headersSent) entry.last.shouldKeepAlive = false
    if (entry.active === 0) end(entry)
  }

  return {
    accept(socket, connection) {
      const entry = { connection, active: 0, drainMs: undefined, refused: false, last: undefined, session: undefined }
      served.set(socket, entry)
      socket.once('close', () => served.delete(socket))
      const overHttp2 = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
      if (overHttp2) http2.accept(entry)
      else http1.accept(entry)
    },
    drain(socket, idleMs) {
      const entry = served.get(socket)
      if (entry) drain(entry, idleMs)
    },
    stateOf(socket) {
      const entry = served.get(socket)
      return entry && (entry.active > 0 ? 'active' : 'idle')
    },
    counts() {
      const active = [...served.values()].filter(entry => entry.active > 0).length
      return { idle: served.size - active, active }
    },
    async close(graceMs = 0) {
      const closed = [...served.keys()].map(socket => new Promise<void>(resolve => socket.once('close', resolve)))
      for (const entry of served.values()) drain(entry, 0)
      const cut = setTimeout(() => {
        for (const socket of served.keys()) socket.destroy()
      }, graceMs)
      await Promise.all(closed)
      clearTimeout(cut)
      http1.close()
      http2.close()
    },
  }
}

const refusalRecord = (connection: Connection, name: string, code: string) => ({
  id: connection.id,
  side: 'server' as const,
  at: new Date().toISOString(),
  transport: connection.transport,
  remoteAddress: connection.remoteAddress,
  ...(connection.remotePort === undefined ? {} : { remotePort: connection.remotePort }),
  failure: { name, code },
})
