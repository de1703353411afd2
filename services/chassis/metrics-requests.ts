import { calleeOf, other, workloadOf } from './metrics-names.ts'
import type { Counter, Registry } from './metrics-registry.ts'
import type { CallRecord, RequestRecord } from './observation.ts'

/** Upper bounds in seconds: those of the semantic conventions, and two below them, because a hop takes less. */
const latencyS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const methods = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']

type Handled = Omit<RequestRecord, 'cursor'>

/**
 * Counts requests as a workload handled them. A route is the pattern of the rule that let the request in, never its path;
 * a caller counts by name where a rule let him in, for who states a name can state a million.
 */
export const requestCounts = (registry: Registry, opened: Counter) => {
  const served = registry.histogram(
    'http_server_request_duration_seconds',
    'Duration of requests that came in, by route, which is the pattern of the rule that let them in',
    ['http_request_method', 'url_scheme', 'http_route', 'http_response_status_code', 'error_type'],
    latencyS,
  )
  const reused = registry.counter(
    'hop_connections_reused_total',
    'Requests on a connection that had carried one before, by side and link',
    ['side', 'link'],
  )
  const called = registry.histogram(
    'http_client_request_duration_seconds',
    'Duration of calls that went out on behalf of a request, by link and callee, until the last byte of the answer',
    ['http_request_method', 'server_address', 'link', 'http_response_status_code', 'error_type'],
    latencyS,
  )
  const plaintext = registry.counter(
    'hop_plaintext_requests_total',
    'Requests that came in plaintext, by caller as the policy took it, and what that rests on',
    ['caller', 'caller_by'],
  )
  const call = ({ method, link, status = 0, failure, durationMs, nth = 1 }: CallRecord): void => {
    // still under way when the request it was for was over
    if (durationMs === undefined) return
    const code = status === 0 ? '' : String(status)
    const error = failure?.name ?? (status >= 400 ? code : '')
    called.observe([methodOf(method), calleeOf(link), link, code, error], durationMs / 1000)
    if (nth > 1) reused.add(['client', link])
  }
  return (record: Handled, calls: readonly CallRecord[] = []): void => {
    const { rule, status, failure, durationMs, transport = other } = record
    const scheme = transport === 'plaintext' ? 'http' : 'https'
    const code = status === 0 ? '' : String(status)
    const error = failure?.name ?? (status >= 500 ? code : '')
    served.observe([methodOf(record.method), scheme, record.route ?? other, code, error], durationMs / 1000)
    const link = rule ?? other
    if (record.nth !== 1) reused.add(['server', link])
    else opened.add(['server', link, transport])
    if (transport === 'plaintext') plaintext.add([callerOf(record), record.callerBy])
    for (const each of calls) call(each)
  }
}

const methodOf = (method: string): string => (methods.includes(method) ? method : '_OTHER')

const callerOf = ({ rule, caller }: Handled): string => {
  if (caller === undefined) return 'nobody'
  return rule === undefined ? other : workloadOf(caller)
}
