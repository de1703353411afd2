import type { Connection } from './connections.ts'
import type { Rule } from './desired.ts'
import type { RequestRecord } from './observation.ts'
import { callerHeader, decide, identify } from './policy.ts'
import { sendProblem } from './problem.ts'
import type { Handler, Request, RequestContext, Response } from './program.ts'
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
  handler: Handler
  clock?: () => number
}

/** Gets every request of a workload: who calls, what the policy says, one record when it is over. */
export type Entrance = (request: Request, response: Response, connection: Connection) => void

export const createEntrance = (options: EntranceOptions): Entrance => {
  const { telemetry, rules, publicNames, publicOnly, handler } = options
  const clock = options.clock ?? Date.now

  return (request, response, connection) => {
    const started = performance.now()
    const path = pathOf(request)
    const method = request.method ?? 'GET'
    const names = publicNames()
    const ingress = publicOnly || (connection.serverName !== undefined && names.includes(connection.serverName))
    const context = contextOf(request, connection, ingress)
    const record: Omit<RequestRecord, 'cursor'> = {
      at: new Date(clock()).toISOString(),
      requestId: context.requestId,
      traceId: context.traceId,
      spanId: context.spanId,
      parentSpanId: context.parentSpanId,
      method,
      path,
      status: 0,
      durationMs: 0,
      connection: connection.id,
      caller: context.caller,
      callerBy: context.callerBy,
      clientAddress: context.clientAddress,
    }
    response.once('close', () => {
      record.status = response.headersSent ? response.statusCode : 0
      record.durationMs = performance.now() - started
      if (context.upstream) record.upstream = context.upstream
      if (context.failure) record.failure = context.failure
      telemetry.request(record)
    })

    if (ingress && misdirected(request, connection, names)) {
      record.denied = 'the Host is not the server name this connection was made for'
      return sendProblem(response, {
        status: 421,
        name: 'misdirected-request',
        detail: record.denied,
        requestId: context.requestId,
      })
    }
    const decision = decide(rules(), { caller: context.caller, transport: connection.transport, method, path })
    if (!decision.allowed) {
      record.denied = decision.because
      return sendProblem(response, {
        status: 403,
        name: 'denied-by-policy',
        detail: decision.because,
        requestId: context.requestId,
      })
    }
    record.rule = decision.rule
    handler(request, response, context)
  }
}

const contextOf = (request: Request, connection: Connection, ingress: boolean): RequestContext => {
  const { headers } = request
  const stated = ingress ? undefined : single(headers[callerHeader])
  const who = identify(connection.peer, connection.transport, stated)
  const trusted = !ingress && who.caller !== undefined
  const trace = trusted ? readTraceParent(single(headers.traceparent)) : undefined
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
  }
}

/** The path without its query, as far as it is harmless to log: queries may carry secrets. */
const pathOf = (request: Request): string => {
  const target = request.url ?? '/'
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return path.length > 256 ? path.slice(0, 256) : path
}

const misdirected = (request: Request, { serverName }: Connection, names: readonly string[]): boolean => {
  const host = request.headers[':authority'] ?? request.headers.host
  if (typeof host !== 'string') return true
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return serverName === undefined ? !names.includes(name) : name !== serverName
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

const plainAddress = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address)
