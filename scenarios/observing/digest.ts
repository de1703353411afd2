import { matching, type Series, sumOf } from './scrape.ts'

/** What a scrape of one workload says in a line. */
export type MetricsDigest = {
  workload: string
  /** Requests that came in, those answered with 5xx or not at all, and what one took on average, ms; null: none came. */
  requests: number
  errors: number
  meanMs: number | null
  /** Connections of either side to and from other workloads, and requests that needed no new one. */
  opened: number
  reused: number
  handshakes: number
  /** Failed ones, by cause. */
  failed: Record<string, number>
  /** Requests in plaintext, by caller. */
  plaintext: Record<string, number>
  /** Passed through unopened. */
  spliced: number
  /** Seconds until the first certificate held expires; null: it holds none. */
  expiresInS: number | null
}

export const digestOf = (workload: string, series: readonly Series[]): MetricsDigest => {
  const served = 'http_server_request_duration_seconds'
  const requests = sumOf(series, `${served}_count`)
  const unanswered = matching(series, `${served}_count`).filter(
    ({ labels: { http_response_status_code: code = '' } }) => code === '' || code.startsWith('5'),
  )
  const own = series.filter(({ labels: { link = '', peer } }) => !link.endsWith(`:${control}`) && peer !== control)
  const left = matching(series, 'hop_certificate_expires_in_seconds').map(({ value }) => value)
  return {
    workload,
    requests,
    errors: sum(unanswered),
    meanMs: requests === 0 ? null : (sumOf(series, `${served}_sum`) / requests) * 1000,
    opened: sum(own.filter(({ name }) => name === 'hop_connections_opened_total')),
    reused: sumOf(series, 'hop_connections_reused_total'),
    handshakes: sum(own.filter(({ name }) => name === 'hop_handshakes_total')),
    failed: by(series, 'hop_handshakes_failed_total', 'cause'),
    plaintext: by(series, 'hop_plaintext_requests_total', 'caller'),
    spliced: sumOf(series, 'hop_connections_opened_total', { transport: 'spliced' }),
    expiresInS: left.length === 0 ? null : Math.min(...left),
  }
}

const sum = (series: readonly Series[]): number => series.reduce((all, { value }) => all + value, 0)

/** What goes to the control plane says nothing about the links. */
const control = 'control'

const by = (series: readonly Series[], name: string, label: string): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(matching(series, name), ({ labels }) => labels[label] ?? '')].map(([value, all]) => [
      value,
      sum(all),
    ]),
  )
