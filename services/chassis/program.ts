import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Logger } from 'pino'
import type { Dispatcher } from 'undici'
import type { L7Policy, Rule, UpstreamSpec } from './desired.ts'
import type { CallRecord, L7Observations } from './observation.ts'

/** HTTP/1.1 and HTTP/2 requests reach the same handlers, through Node's compatibility layer. */
export type Request = IncomingMessage | Http2ServerRequest
export type Response = ServerResponse | Http2ServerResponse

/**
 * What the chassis knows of a request before any program sees it: its ids, who called, where from.
 * A program reads it, passes it on with every upstream call, and may set `upstream` and `failure`.
 */
export type RequestContext = {
  requestId: string
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  /** W3C trace flags of the incoming traceparent, `01` when there was none. */
  traceFlags: string
  /** The trusted X-Forwarded-For chain up to and including the caller, oldest first. */
  forwardedFor: string[]
  /** SPIFFE ID of the caller as policy took it, and what that rests on. */
  caller: string | undefined
  callerBy: 'certificate' | 'header' | 'nobody'
  /** The end user's address as far as it can be trusted: the first of `forwardedFor`. */
  clientAddress: string
  /** Did this hop arrive encrypted? Becomes X-Forwarded-Proto at an ingress. */
  encrypted: boolean
  /** True where the public enters: nothing the client says about identity, address or ids is believed. */
  ingress: boolean
  /** The rule that let the request in. */
  rule?: Rule
  /** The calls made for it so far. */
  calls: CallRecord[]
  upstream?: string
  failure?: { name: string; code: string }
  /** What the request counts under where the L7 policy pack is mounted, and who is told when it is over. */
  route?: string
  finished?: (context: RequestContext, status: number, durationMs: number) => void
  /** The end user, once his token or an assertion of it was checked here. */
  user?: User
  /** What an ingress vouches for the user, a compact JWS. Unchecked unless `user` rests on it; goes on with every call. */
  assertion?: string
}

/** An end user as far as this workload has proof of him. */
export type User = { subject: string; roles: readonly string[]; by: 'token' | 'assertion' }

/** Answers one request. Never throws; failures become responses. */
export type Handler = (request: Request, response: Response, context: RequestContext) => void

/** One upstream of this workload, over whatever transport its link has now. */
export type Upstream = {
  spec(): UpstreamSpec
  /** The pool in use now. Ask for it at each request: it is swapped live. */
  dispatcher(): Dispatcher
  /** Raw header pairs by which this workload states its name where the link's transport does not prove it. */
  callerHeaders(): readonly string[]
  /** A small JSON call, for programs with business logic. Rejects with a HopError when no answer came. */
  call(context: RequestContext, request: JsonRequest): Promise<JsonAnswer>
}

export type JsonRequest = { method: string; path: string; body?: unknown }
export type JsonAnswer = { status: number; body: unknown }

/**
 * One link as a program that has no business logic of its own needs it: the first request with a body that the link allows
 * (else the first of all; patterns made concrete), the fields it carries, and everything it allows.
 */
export type Call = {
  callee: string
  method: string
  path: string
  data: readonly string[]
  allow: readonly { method: string; path: string }[]
  /** Headers (lower case) and their values by which a router chooses this link; absent: no header matters. */
  when?: Readonly<Record<string, string>>
}

/** Where a program stands: its name, whom it may call, a logger, a clock. It learns nothing about transport. */
export type Site = {
  name: string
  upstream(callee: string): Upstream
  upstreams(): Upstream[]
  /** The topology's links of this workload, in its order. */
  calls: readonly Call[]
  /** What the L7 policy pack is to do here now; undefined where it is not mounted. Absent: it never is. */
  l7?: () => L7Policy | undefined
  log: Logger
  clock: () => number
}

/** What runs in a workload. */
export type Program = (site: Site) => Promise<{
  handler: Handler
  /** What the L7 policy pack counted; undefined where it is not mounted. */
  l7?: () => L7Observations | undefined
  close(): Promise<void>
}>
