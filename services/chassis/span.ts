import type { CallRecord, ConnectionRecord, RequestRecord } from './observation.ts'

export type Attributes = Record<string, string | number | boolean>

/**
 * One span of a trace, made from what a workload recorded. Attributes by OpenTelemetry's semantic conventions (HTTP, network,
 * TLS) where there is one, else under `hop.`. Times in ms since the epoch, with fractions.
 */
export type Span = {
  workload: string
  kind: 'server' | 'client'
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  start: number
  end: number
  attributes: Attributes
  /** What went wrong, where something did: `error.type`. */
  error?: string
}

/** A workload's record of a connection by its id, where it still has one. */
export type ConnectionById = (id: string) => ConnectionRecord | undefined

/** What one workload did for one request: its server span first, then a client span for each call it made. */
export const spansOf = (workload: string, request: RequestRecord, find: ConnectionById): Span[] => [
  serverSpan(workload, request, find(request.connection)),
  ...(request.calls ?? []).map(call =>
    clientSpan(workload, request, call, call.connection === undefined ? undefined : find(call.connection)),
  ),
]

const serverSpan = (workload: string, request: RequestRecord, connection: ConnectionRecord | undefined): Span => {
  const { method, path, route, status, failure, denied, rule, caller, callerBy, clientAddress } = request
  const start = request.began ?? Date.parse(request.at)
  const error = failure?.name ?? (status >= 500 || status === 0 ? String(status) : undefined)
  return {
    ...{ workload, kind: 'server', name: route === undefined ? method : `${method} ${route}` },
    ...ids(request, request.spanId, request.parentSpanId),
    ...{ start, end: start + request.durationMs },
    attributes: defined({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status === 0 ? undefined : status,
      'url.path': path,
      ...carriedBy(connection),
      'client.address': clientAddress,
      'network.peer.address': connection?.remoteAddress,
      'network.peer.port': connection?.remotePort,
      'error.type': error,
      'hop.request_id': request.requestId,
      'hop.link': rule,
      'hop.connection.nth': request.nth,
      'hop.caller': caller,
      'hop.caller.by': callerBy,
      'hop.policy.rule': rule,
      'hop.policy.denied': denied,
      ...peerOf(connection, 'client'),
    }),
    ...(error === undefined ? {} : { error }),
  }
}

const clientSpan = (
  workload: string,
  request: RequestRecord,
  call: CallRecord,
  connection: ConnectionRecord | undefined,
): Span => {
  const { link, method, path, status, began, durationMs = 0, failure } = call
  const callee = link.slice(link.indexOf(':') + 1)
  const error = failure?.name ?? (status !== undefined && status >= 400 ? String(status) : undefined)
  return {
    ...{ workload, kind: 'client', name: method },
    ...ids(request, call.spanId, request.spanId),
    ...{ start: began, end: began + durationMs },
    attributes: defined({
      'http.request.method': method,
      'http.response.status_code': status,
      'url.path': path,
      ...carriedBy(connection),
      'server.address': callee,
      'error.type': error,
      'hop.request_id': request.requestId,
      'hop.link': link,
      'hop.connection.nth': call.nth,
      'hop.time.queued_ms': call.queuedMs,
      'hop.time.connect_ms': call.connectMs,
      'hop.time.handshake_ms': call.handshakeMs,
      'hop.time.wait_ms': call.waitMs,
      'hop.time.body_ms': call.bodyMs,
      ...peerOf(connection, 'server'),
    }),
    ...(error === undefined ? {} : { error }),
  }
}

const ids = ({ traceId }: RequestRecord, spanId: string, parentSpanId: string | undefined) => ({
  ...{ traceId, spanId },
  ...(parentSpanId === undefined ? {} : { parentSpanId }),
})

/** What carries the request. `tls.protocol.version` is `1.3`, as the convention has it. */
const carriedBy = (connection: ConnectionRecord | undefined) => {
  if (!connection) return {}
  const { transport, protocol, cipher, keyExchange, resumed, alpn, serverName } = connection
  const secure = protocol !== undefined
  return {
    'url.scheme': secure ? 'https' : 'http',
    'network.protocol.name': 'http',
    'network.protocol.version': alpn === 'h2' ? '2' : '1.1',
    'hop.transport': transport,
    'hop.connection.id': connection.id,
    ...(secure
      ? {
          'tls.established': true,
          'tls.protocol.name': 'tls',
          'tls.protocol.version': protocol.replace('TLSv', ''),
          'tls.cipher': cipher,
          'tls.curve': keyExchange,
          'tls.resumed': resumed,
          'tls.next_protocol': alpn,
          'tls.client.server_name': serverName,
        }
      : {}),
  }
}

/** The other end, proven or not and why; until when its certificate is good. */
const peerOf = (connection: ConnectionRecord | undefined, end: 'client' | 'server'): Partial<Attributes> => {
  const peer = connection?.peer
  if (!peer) return {}
  if (peer.kind === 'anonymous') return { 'hop.peer.anonymous_because': peer.because }
  return { 'hop.peer.identity': peer.id, 'hop.peer.serial': peer.serial, [`tls.${end}.not_after`]: peer.notAfter }
}

const defined = (attributes: Record<string, Attributes[string] | undefined>): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes
