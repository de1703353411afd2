import type { ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Connection } from './connections.ts'
import type { Request, Response } from './program.ts'

/** What the acceptor keeps of a connection while it serves it. */
export type Served = {
  connection: Connection
  /** Requests whose response is not finished. */
  active: number
  /** Set when the connection is to end: HTTP/1.1 announces it with the next response. Ms an idle one is left open. */
  drainMs: number | undefined
  /** A refusal is on its way; whatever else the peer sends is not looked at. */
  refused: boolean
  /** The response to the newest request: the one that can announce the close. */
  last: ServerResponse | undefined
  session: ServerHttp2Session | undefined
}

/** What the servers inside the acceptor call. `idle`: the last response in flight is over. */
export type HttpEvents = {
  request(request: Request, response: Response, connection: Connection): void
  /** Answers the id under which it was recorded, to be told in the answer. */
  refused(connection: Connection | undefined, name: string, code: string): string
  /** Raw header pairs of every refusal. */
  refusalHeaders: readonly string[]
  idle(served: Served): void
}

/** Bounds on what a peer may take, in ms, bytes and counts. Tests shorten them. */
export type HttpLimits = {
  headersMs: number
  requestMs: number
  keepAliveMs: number
  /** No byte in either direction for so long ends the connection: a client that never reads. Longer than any upstream timeout. */
  stallMs: number
  /** How often headersMs and requestMs are checked. */
  checkEveryMs: number
  headerBytes: number
  headerCount: number
  /** Requests on one HTTP/1.1 connection that wait for their answer. */
  pipelined: number
  streams: number
  /** How long a refused peer may go on sending before its connection is cut. */
  lingerMs: number
}

export const defaultLimits: HttpLimits = {
  headersMs: 10_000,
  requestMs: 120_000,
  keepAliveMs: 45_000,
  stallMs: 60_000,
  checkEveryMs: 1_000,
  headerBytes: 16_384,
  headerCount: 100,
  pipelined: 16,
  streams: 100,
  lingerMs: 1_000,
}
