import { expect, test } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { changesBetween } from '../../../cli/render/edge-changes.ts'
import { renderEdges } from '../../../cli/render/edges.ts'
import { edgesIn } from '../../../scenarios/edges/edges.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import type { Mode } from '../../../services/modes.ts'
import { shop } from './outcomes.ts'

const at = '2026-01-01T00:00:01.000Z'
const ends = '2026-01-01T01:00:00.000Z'
const proven = (name: string) => ({
  peer: { kind: 'authenticated' as const, id: `spiffe://hop.lab/${name}`, serial: '1', notAfter: ends },
})
const connection = (id: string, more: Partial<ConnectionRecord>): ConnectionRecord => ({
  ...{ cursor: 1, id, side: 'server', at, transport: 'mtls', protocol: 'TLSv1.3', remoteAddress: '127.0.0.1', ...more },
})
const request = (more: Partial<RequestRecord>): RequestRecord => ({
  ...{ cursor: 1, at, requestId: 'r', traceId: 't', spanId: 's', method: 'POST', path: '/charges', status: 201 },
  ...{ durationMs: 1, connection: 'in', callerBy: 'certificate', rule: 'orders:payments', nth: 1, ...more },
})
const report = (workload: string, more: Partial<Observations>): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], held: [], cursor: 1, ...more },
})
const drawn = (mode: Mode, ...reports: Observations[]) =>
  edgesIn(shop, mode, Object.fromEntries(reports.map(each => [each.workload, each])))
const edgeOn = (edges: ReturnType<typeof drawn>, link: string) => edges.find(each => each.link === link)

const out = connection('out', { side: 'client', link: 'orders:payments', ...proven('payments') })
const orders = report('orders', { connections: [out] })
const payments = report('payments', {
  connections: [connection('in', { ...proven('orders') })],
  requests: [request({}), request({ nth: 2 }), request({ nth: 3 })],
})

test('one connection with two ends is one, with both identities, requests, reuse and expiry', () => {
  const edge = edgeOn(drawn('mtls', orders, payments), 'orders:payments')
  expect(edge).toMatchObject({
    ...{ intended: 'mtls', unknown: false, differs: [] },
    observed: {
      ...{ connections: 1, refused: 0, requests: 3, reused: 2, transports: ['mtls'], because: [] },
      ...{ callerExpires: ends, calleeExpires: ends },
      callerSeen: [{ kind: 'authenticated', id: 'spiffe://hop.lab/orders' }],
      calleeSeen: [{ kind: 'authenticated', id: 'spiffe://hop.lab/payments' }],
    },
  })
})

test('what is not as the mode means it is marked', () => {
  const edge = edgeOn(drawn('edge-terminate-plaintext', orders, payments), 'orders:payments')
  expect(edge?.differs).toEqual(['meant to be plaintext, seen as mtls'])
})

test('a stranger who states a name is an edge of his own, served or turned away', () => {
  const nobody = { peer: { kind: 'anonymous' as const, because: 'plaintext' as const } }
  const { protocol: _, ...plain } = connection('in', { transport: 'plaintext', remoteAddress: '127.9.9.9', ...nobody })
  const served = report('payments', {
    connections: [plain],
    requests: [request({ caller: 'spiffe://hop.lab/orders', callerBy: 'header' })],
  })
  expect(edgeOn(drawn('edge-terminate-plaintext', served), '127.9.9.9:payments')).toMatchObject({
    ...{ unknown: true, differs: ['127.9.9.9 is nobody of this topology'] },
    observed: { requests: 1, because: ['plaintext'] },
  })
  const failure = { name: 'no-client-certificate', code: 'x' }
  const refused = report('payments', { connections: [connection('in', { remoteAddress: '127.9.9.9', failure })] })
  expect(edgeOn(drawn('mtls', refused), '127.9.9.9:payments')).toMatchObject({
    differs: ['127.9.9.9 is nobody of this topology, and was turned away'],
    observed: { connections: 0, refused: 1, refusedBecause: ['no-client-certificate'] },
  })
})

test('a link on which nothing gets through is marked, with the cause', () => {
  const failure = { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' }
  const failing = report('orders', { connections: [{ ...out, failure }] })
  expect(edgeOn(drawn('mtls', failing), 'orders:payments')?.differs).toEqual([
    'nothing gets through: certificate-expired',
  ])
})

test('a failure that ended a good connection, a way to the control plane and to one’s own application are no edges', () => {
  const others = [
    connection('late', { side: 'client', link: 'orders:payments', ended: 'out', failure: { name: 'x', code: 'x' } }),
    connection('control', { side: 'client', link: 'orders:control' }),
    connection('app', { side: 'client', link: 'orders:app' }),
  ]
  const edges = drawn('mtls', report('orders', { connections: [out, ...others] }), payments)
  expect(edges.every(({ unknown }) => !unknown)).toBe(true)
  expect(edgeOn(edges, 'orders:payments')?.observed).toMatchObject({ connections: 1, refused: 0 })
})

test('a way out that no topology declares is marked', () => {
  const { protocol: _, peer: __, ...way } = { ...out, link: 'orders:otlp-collector', transport: 'plaintext' as const }
  expect(edgeOn(drawn('mtls', report('orders', { connections: [way] })), 'orders:otlp-collector')).toMatchObject({
    ...{ unknown: true, differs: ['otlp-collector is nobody of this topology'] },
  })
})

test('only what happened between two looks is a change', () => {
  const before = drawn('mtls', orders, payments)
  expect(changesBetween(before, before)).toEqual([])
  const later = '2026-01-01T00:00:02.000Z'
  const more = { ...payments, requests: [...payments.requests, request({ at: later, nth: 4 })] }
  expect(changesBetween(before, drawn('mtls', orders, more))).toMatchObject([
    { link: 'orders:payments', requests: 1, connections: 0, refused: 0, callers: ['orders'] },
  ])
})

test('the table fits into 100 columns', () => {
  const text = renderEdges(
    { topology: 'shop', mode: 'mtls', since: at, edges: drawn('mtls', orders, payments), away: [] },
    { paint: createPaint(false), columns: 100, now: Date.parse(at) },
  )
  expect(text).toContain('60 min')
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
})
