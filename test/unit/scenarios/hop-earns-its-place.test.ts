import { expect, test } from 'vitest'
import earns, { judgePlace } from '../../../scenarios/boundary/hop-earns-its-place.ts'
import type { Passing } from '../../../scenarios/flows/passing.ts'
import type { Told } from '../../../scenarios/flows/story.ts'
import { hopsOf } from '../../../services/hops.ts'
import type { Mode } from '../../../services/modes.ts'
import { parseTopology, readTopology } from '../../../services/topology/file.ts'
import { shop as shopText } from '../topology/shop.ts'

const told = (workload: string, how: Partial<Told> = {}): Told => ({
  ...{ cursor: 1, at: '', requestId: 'r', traceId: 't', spanId: 's', connection: 'c', durationMs: 2 },
  ...{ method: 'POST', path: '/orders', status: 201, callerBy: 'nobody', workload },
  ...how,
})

/** The gateway of the shop under re-encrypt: one request in, the same request out. */
const idle: Passing = {
  request: told('gateway'),
  opened: true,
  onward: [told('orders')],
  callees: ['orders'],
  closedAgain: ['gateway:orders'],
  filters: false,
  addedMs: [0.3, 0.2, 9],
  handshakeMs: 2,
}
const example = { kind: 'text', title: 'one that does', where: 'orders:payments', text: 'answers itself' } as const
const judge = (how: Partial<Passing>) => judgePlace('edge:gateway', { ...idle, ...how }, example)

test('who opens a request only to close it again has no use for it; its price is told and decides nothing', () => {
  const { verdict, control, evidence } = judge({})
  expect({ verdict, passed: control.passed }).toEqual({ verdict: 'broken', passed: true })
  expect(evidence.filter(({ kind }) => kind === 'count').map(({ text }) => text)).toEqual(['0.30', '2.00', '1'])
  expect(judge({ addedMs: [900], handshakeMs: 900 }).verdict).toBe('broken')
})

test.each<[string, Partial<Passing>]>([
  ['filters', { filters: true }],
  ['answers itself', { onward: [], closedAgain: [] }],
  ['makes several calls of it', { onward: [told('payments'), told('shipping')] }],
  ['chooses among callees', { callees: ['orders', 'returns'] }],
  ['asks for something else', { onward: [told('payments', { path: '/charges' })] }],
  ['is where TLS ends', { closedAgain: [] }],
])('who %s has a use for what it reads', (_what, how) => {
  expect(judge(how)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('where nothing is opened there is nothing to earn; a request that nobody recorded shows nothing', () => {
  expect(judge({ opened: false }).verdict).toBe('not-applicable')
  expect(judge({ opened: false, request: undefined })).toMatchObject({ verdict: 'not-applicable' })
  expect(judge({ request: undefined }).control.passed).toBe(false)
  expect(judgePlace('edge:gateway', idle, undefined).control.passed).toBe(false)
})

const shop = readTopology('topologies/shop.yaml')
const expected = (topology: typeof shop, mode: Mode) => {
  const hops = hopsOf(topology, mode)
  return Object.fromEntries(hops.map(hop => [hop.link.id, earns.expected(hop, topology, hops)]))
}

test('the gateway of the shop is expected to be idle where it closes again what it opens', () => {
  expect(expected(shop, 'mtls')).toMatchObject({
    'client:edge': 'holds',
    'edge:gateway': 'broken',
    'gateway:orders': 'holds',
  })
  expect(expected(shop, 'edge-terminate-plaintext')).toMatchObject({ 'edge:gateway': 'not-applicable' })
  expect(expected(shop, 'passthrough')).toMatchObject({ 'client:edge': 'not-applicable', 'edge:orders': 'holds' })
})

test('a gateway with two ways to go is not', () => {
  const routed = shopText.replace(
    '- { from: orders, to: payments',
    '- { from: gateway, to: inventory, data: [], allow: [GET /orders/*] }\n  - { from: orders, to: payments',
  )
  const changed = routed.replace(
    /(from: gateway, to: orders.*allow: )\[POST \/orders, GET \/orders\/\*\]/,
    '$1[POST /orders]',
  )
  expect(expected(parseTopology(changed), 'mtls')).toMatchObject({ 'edge:gateway': 'holds' })
})
