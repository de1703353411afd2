import type { Connection } from './connections.ts'
import type { Rule } from './desired.ts'
import type { RequestRecord } from './observation.ts'
import { plainAddress } from './peers.ts'
import { anyone, type Caller, callerHeader, decide, identify } from './policy.ts'
import { type Problem, sendProblem } from './problem.ts'
import type { Handler, Request, RequestContext, Response } from './program.ts'
import { assertionHeader } from './propagation.ts'
import type { Telemetry } from './telemetry.ts'
import { newSpanId, newTraceId, readTraceParent, requestIdFrom } from './trace.ts'

export type EntranceOptions = {
  telemetry: Telemetry
  rules: () => readonly Rule[]
  /**
   * The public names served here. The public enters on connections made for one of them: ids, addresses and
   * identities stated there are not believed, and another Host is misdirected (RFC 9110 §15.5.20).
   */
  publicNames: () => readonly string[]
  /** Only the public enters here, whatever name it asked for. */
  publicOnly: boolean
  /** Raw header pairs of every refusal (HSTS at an edge). */
  refusalHeaders?: readonly string[]
  handler: Handler
  /** The machine's, as connections are recorded by: what a workload takes the time to be would move its records about. */
  clock?: () => number
}

/** Gets every request of a workload: who calls, what the policy says, one record when it is over. */
export type Entrance = (request: Request, response: Response, connection: Connection) => void

export const createEntrance = (options: EntranceOptions): Entrance => {
  const { telemetry, rules, publicNames, publicOnly, refusalHeaders, handler } = options
  const clock = options.clock ?? Date.now
  const refuse = (response: Response, problem: Problem) => sendProblem(response, problem, refusalHeaders)
  let now = -1
  let nowText = ''
  // many requests share a millisecond
  const isoOf = (at: number): string => {
    if (at !== now) {
      now = at
      nowText = new Date(at).toISOString()
    }
    return nowText
  }

  return (request, response, connection) => {
    const started = performance.now()
    const path = pathOf(request)
    const method = request.method ?? 'GET'
    const names = publicNames()
    const fromPublic = publicOnly || connection.publicName !== undefined
    const stated = fromPublic ? undefined : single(request.headers[callerHeader])
    const who = identify(connection.peer, connection.transport, stated)
    const decision = decide(rules(), { caller: who.caller, transport: connection.transport, method, path })
    // ids and addresses are believed from a caller whom a rule names, and from nobody who came in as anyone
    const named = decision.allowed && decision.rule.from !== anyone
    const ingress = fromPublic || (decision.allowed && !named)
    const context = contextOf(request, connection, ingress, named ? who : nobody)
    const { requestId } = context
    const record: Omit<RequestRecord, 'cursor'> = {
      at: isoOf(clock()),
      requestId,
      traceId: context.traceId,
      spanId: context.spanId,
      parentSpanId: context.parentSpanId,
      method,
      path: path.length > loggedPath ? path.slice(0, loggedPath) : path,
      status: 0,
      durationMs: 0,
      connection: connection.id,
      caller: decision.allowed ? context.caller : who.caller,
      callerBy: decision.allowed ? context.callerBy : who.callerBy,
      clientAddress: context.clientAddress,
    }
    response.on('close', () => {
      record.status = response.headersSent ? response.statusCode : 0
      record.durationMs = performance.now() - started
      if (context.upstream) record.upstream = context.upstream
      if (context.failure) record.failure = context.failure
      if (context.user) {
        record.user = context.user.subject
        record.userBy = context.user.by
      }
      telemetry.request(record)
      context.finished?.(context, record.status, record.durationMs)
    })

    if (fromPublic && misdirected(request, connection, names)) {
      record.denied = 'the Host is not the server name this connection was made for'
      return refuse(response, { status: 421, name: 'misdirected-request', detail: record.denied, requestId })
    }
    if (!decision.allowed) {
      record.denied = decision.because
      return refuse(response, { status: 403, name: 'denied-by-policy', detail: decision.because, requestId })
    }
    record.rule = decision.rule.link
    context.rule = decision.rule
    handler(request, response, context)
  }
}

const nobody: Caller = { caller: undefined, callerBy: 'nobody' }

const contextOf = (request: Request, connection: Connection, ingress: boolean, who: Caller): RequestContext => {
  const { headers } = request
  const trusted = who.caller !== undefined
  const trace = trusted ? readTraceParent(single(headers.traceparent)) : undefined
  const assertion = trusted ? single(headers[assertionHeader]) : undefined
  const chain = trusted ? addresses(single(headers['x-forwarded-for'])) : []
  const forwardedFor = [...chain, plainAddress(connection.remoteAddress)]
  return {
    requestId: requestIdFrom(trusted ? single(headers['x-request-id']) : undefined),
    traceId: trace?.traceId ?? newTraceId(),
    spanId: newSpanId(),
    parentSpanId: trace?.parentSpanId,
    traceFlags: trace?.flags ?? '01',
    ...who,
    forwardedFor,
    clientAddress: forwardedFor[0]!,
    encrypted: connection.transport !== 'plaintext',
    ingress,
    ...(assertion === undefined ? {} : { assertion }),
  }
}

/** As much of a path as goes into a record. Policy judges the whole of it. */
const loggedPath = 256

/** The path without its query: queries may carry secrets. */
const pathOf = (request: Request): string => {
  const target = request.url ?? '/'
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

const misdirected = (request: Request, { publicName }: Connection, names: readonly string[]): boolean => {
  const host = request.headers[':authority'] ?? request.headers.host
  if (typeof host !== 'string') return true
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return publicName === undefined ? !names.includes(name) : name !== publicName
}

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? undefined : header

const addresses = (header: string | undefined): string[] =>
  header === undefined
    ? []
    : header
        .split(',')
        .map(part => part.trim())
        .filter(part => /^[0-9A-Fa-f.:]{2,45}$/.test(part))
        .slice(0, 16)
