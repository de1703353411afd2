import { expect, test } from 'vitest'
import { createMetrics } from '../../../services/chassis/metrics.ts'
import { createRegistry } from '../../../services/chassis/metrics-registry.ts'
import { metricsText } from '../../../services/chassis/metrics-text.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'

const nothing: Observations = { workload: 'orders', connections: [], requests: [], keyLog: [], held: [], cursor: 0 }

const request = (more: Partial<RequestRecord> = {}): Omit<RequestRecord, 'cursor'> => ({
  ...{ at: '2026-03-01T12:00:00Z', requestId: 'r', traceId: 't', spanId: 's', method: 'GET', path: '/orders/7' },
  ...{ status: 200, durationMs: 3, connection: 'c', transport: 'mtls', nth: 1, callerBy: 'certificate' },
  ...{ rule: 'gateway:orders', route: '/orders/*', caller: 'spiffe://hop.lab/gateway' },
  ...more,
})

const connection = (more: Partial<ConnectionRecord>): Omit<ConnectionRecord, 'cursor'> => ({
  ...{ id: 'c', side: 'server', at: '2026-03-01T12:00:00Z' },
  ...more,
})

/** Lines of the scrape after these requests and connections, comments and buckets aside. */
const scrape = (
  requests: Omit<RequestRecord, 'cursor'>[],
  connections: Omit<ConnectionRecord, 'cursor'>[] = [],
  most?: number,
): string[] => {
  const metrics = createMetrics('shop', most)
  const telemetry = metrics.measured(noTelemetry())
  for (const one of requests) telemetry.request(one)
  for (const one of connections) telemetry.connection(one)
  return metrics
    .text(nothing)
    .split('\n')
    .filter(line => line !== '' && !/^#|_bucket|_sum|^target_info/.test(line))
}

test('a request counts by the pattern that let it in, never by its path', () => {
  const paths = ['/orders/1', '/orders/2', '/orders/3'].map(path => request({ path, nth: 2 }))
  expect(scrape(paths)).toEqual([
    'http_server_request_duration_seconds_count{http_request_method="GET",url_scheme="https",http_route="/orders/*",http_response_status_code="200"} 3',
    'hop_connections_reused_total{side="server",link="gateway:orders"} 3',
  ])
})

test('what no rule let in, and methods nobody knows, are counted together', () => {
  const strange = ['BREW', 'WHEN'].map((method, i) =>
    request({
      method,
      path: `/${i}`,
      status: 403,
      rule: undefined,
      route: undefined,
      nth: 2,
    } as Partial<RequestRecord>),
  )
  expect(scrape(strange)[0]).toBe(
    'http_server_request_duration_seconds_count{http_request_method="_OTHER",url_scheme="https",http_route="other",http_response_status_code="403"} 2',
  )
})

test('a name that is only stated counts by itself where a rule lets it in, and with all others where none does', () => {
  const stated = (caller: string, rule?: string) =>
    request({ transport: 'plaintext', callerBy: 'header', caller, rule } as Partial<RequestRecord>)
  const invented = Array.from({ length: 50 }, (_, i) => stated(`spiffe://hop.lab/made-up-${i}`))
  const lines = scrape([stated('spiffe://hop.lab/gateway', 'gateway:orders'), ...invented])
  expect(lines.filter(line => line.startsWith('hop_plaintext'))).toEqual([
    'hop_plaintext_requests_total{caller="gateway",caller_by="header"} 1',
    'hop_plaintext_requests_total{caller="other",caller_by="header"} 50',
  ])
})

test('whoever finds a way to make up labels fills one more series, and not the memory', () => {
  const many = Array.from({ length: 1000 }, (_, i) => request({ route: `/made/up/${i}`, nth: 2 }))
  const lines = scrape(many, [], 10).filter(line => line.startsWith('http_server'))
  expect(lines).toHaveLength(11)
  expect(lines.at(-1)).toBe('http_server_request_duration_seconds_count{otel_metric_overflow="true"} 990')
})

test('a handshake that failed is told by the callee that was called, or as nobody’s, with its cause', () => {
  const failed = (more: Partial<ConnectionRecord>, name: string) =>
    connection({ failure: { name, code: 'X' }, ...more })
  const lines = scrape(
    [],
    [
      failed({}, 'self-signed'),
      failed({ side: 'client', link: 'orders:payments' }, 'certificate-expired'),
      failed({ side: 'client', link: 'orders:payments' }, 'connection-refused'),
    ],
  )
  expect(lines).toEqual([
    'hop_handshakes_failed_total{side="server",peer="unproven",cause="self-signed"} 1',
    'hop_handshakes_failed_total{side="client",peer="payments",cause="certificate-expired"} 1',
    'hop_connections_failed_total{side="client",peer="payments",cause="connection-refused"} 1',
  ])
})

test('what was passed through unopened is known by connections and bytes alone', () => {
  const metrics = createMetrics('shop')
  const spliced = connection({ transport: 'spliced', link: 'edge:orders' })
  metrics.measured(noTelemetry()).connection(spliced)({ bytesIn: 120, bytesOut: 3400, durationMs: 5 })
  expect(metrics.text(nothing)).toContain(
    'hop_connections_opened_total{side="server",link="edge:orders",transport="spliced"} 1\n',
  )
  expect(metrics.text(nothing)).toContain('hop_spliced_bytes_total{link="edge:orders",direction="out"} 3400\n')
  expect(metrics.text(nothing)).not.toContain('http_server')
})

test('buckets are cumulative and end with all of them', () => {
  const registry = createRegistry()
  const histogram = registry.histogram('h', 'help', ['l'], [0.1, 1])
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(['a'], value)
  expect(metricsText(registry.families())).toBe(
    [
      '# HELP h help',
      '# TYPE h histogram',
      'h_bucket{l="a",le="0.1"} 2',
      'h_bucket{l="a",le="1"} 3',
      'h_bucket{l="a",le="+Inf"} 4',
      'h_sum{l="a"} 7.65',
      'h_count{l="a"} 4',
      '',
    ].join('\n'),
  )
})

test('a label’s value breaks out of nothing, and infinity has its own word', () => {
  const samples = [{ labels: { l: 'a"}\n\\ b 1', empty: '' }, value: Number.POSITIVE_INFINITY }]
  expect(metricsText([{ name: 'g', help: 'one\ntwo', type: 'gauge', samples }])).toBe(
    '# HELP g one\\ntwo\n# TYPE g gauge\ng{l="a\\"}\\n\\\\ b 1"} +Inf\n',
  )
})

test('what is held is told by the workload’s own clock', () => {
  const clock = '2026-03-01T12:00:00.000Z'
  const held = [
    {
      kind: 'workload' as const,
      name: 'n',
      key: 'k',
      serial: 's',
      notBefore: clock,
      notAfter: '2026-03-01T12:01:00Z',
      issuer: 'i',
    },
  ]
  const crls = [{ issuer: 'ca', number: 3, thisUpdate: '2026-03-01T11:59:00Z', nextUpdate: '2026-03-01T11:59:50Z' }]
  const trust = { version: 3, since: '2026-03-01T11:59:30Z', roots: ['r'], crls }
  const text = createMetrics('shop').text({ ...nothing, clock, held, trust })
  for (const line of [
    'hop_certificate_expires_in_seconds{kind="workload",name="n"} 60',
    'hop_trust_bundle_version 3',
    'hop_trust_bundle_age_seconds 30',
    'hop_crl_age_seconds{issuer="ca"} 60',
    'hop_crl_expires_in_seconds{issuer="ca"} -10',
  ])
    expect(text.split('\n')).toContain(line)
})
