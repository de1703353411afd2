import { expect, test } from 'vitest'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { type Closing, lastingCallers } from '../../../services/control/rollout/lasting-callers.ts'
import { planOf } from '../../../services/control/rollout/plan.ts'
import type { Mode } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const ordersId = 'spiffe://hop.lab/orders'
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

const connection = (more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'server', at: at(1), transport: 'plaintext', remoteAddress: '127.9.9.9', ...more },
})
const request = (more: Partial<RequestRecord> = {}): RequestRecord => ({
  ...{ cursor: 1, at: at(2), requestId: 'r', traceId: 't', spanId: 's', method: 'POST', path: '/charges', status: 201 },
  ...{ durationMs: 1, connection: 'c', caller: ordersId, callerBy: 'header', rule: 'orders:payments', ...more },
})
const report = (workload: string, more: Partial<Observations>): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], held: [], cursor: 1, ...more },
})

const lasting = (to: Mode, reports: Observations[], more: Partial<Closing> = {}) =>
  lastingCallers({
    ...{ topology: shop, target: planOf(shop, to) },
    reports: Object.fromEntries(reports.map(each => [each.workload, each])),
    ...more,
  })

const payments = (connections: ConnectionRecord[], requests: RequestRecord[]) =>
  report('payments', { connections, requests })

test('an unknown caller in plaintext is named with address, name, way and figures', () => {
  const seen = payments([connection(), connection({ id: 'd' })], [request(), request({ connection: 'd', at: at(3) })])
  expect(lasting('mtls', [seen])).toEqual([
    {
      ...{ callee: 'payments', caller: ordersId, address: '127.9.9.9', transport: 'plaintext' },
      ...{ requests: 2, connections: 2, lastSeen: at(3) },
    },
  ])
})

test('a workload whose own records have the request is moved, so it is not named; stating its name is not enough', () => {
  const seen = payments([connection()], [request({ parentSpanId: 'made' })])
  const call = { spanId: 'made', link: 'orders:payments', method: 'POST', path: '/charges', began: 0 }
  const made = report('orders', { requests: [request({ calls: [call], rule: 'gateway:orders', path: '/orders' })] })
  expect(lasting('mtls', [seen], { accounts: { orders: made } })).toEqual([])
  expect(lasting('mtls', [seen, report('orders', {})])).toHaveLength(1)
})

test('who goes a way that stays open is not named', () => {
  const inventory = report('inventory', {
    connections: [connection()],
    requests: [request({ path: '/reservations', rule: 'orders:inventory' })],
  })
  expect(planOf(shop, 'hybrid').inventory!.accepts).toEqual(['plaintext'])
  const [allowed] = planOf(shop, 'hybrid').inventory!.rules
  const { methods: [method = ''] = [], paths: [path = ''] = [] } = allowed!
  const asked = { ...inventory.requests[0]!, method, path: path.replace('/*', '/1') }
  expect(lasting('hybrid', [{ ...inventory, requests: [asked] }])).toEqual([])
  expect(lasting('mtls', [{ ...inventory, requests: [asked] }])).toHaveLength(1)
})

test('who is turned away already loses nothing', () => {
  const { rule: _, ...denied } = request({ denied: 'no rule' })
  expect(lasting('mtls', [payments([connection()], [denied])])).toEqual([])
})

test('a certificate that nobody asks for any more leaves its holder without a name', () => {
  const seen = payments([connection({ transport: 'mtls' })], [request({ callerBy: 'certificate' })])
  expect(lasting('mtls', [seen])).toEqual([])
  expect(lasting('re-encrypt', [seen])).toMatchObject([{ transport: 'mtls' }])
})

test('what is no longer remembered of a connection is taken for the worst', () => {
  expect(lasting('mtls', [payments([], [request({ clientAddress: '127.9.9.9' })])])).toMatchObject([
    { address: '127.9.9.9', transport: 'plaintext' },
  ])
  expect(lasting('mtls', [payments([], [request({ callerBy: 'certificate' })])])).toEqual([])
})

test('the public is moved with the ingress, but not who only asks for its name', () => {
  const asked = { method: 'POST', path: '/orders', rule: 'client:orders', callerBy: 'nobody' as const }
  const open = (more: Partial<ConnectionRecord>) =>
    report('orders', {
      connections: [connection({ transport: 'tls', serverName: shop.ingress.serverName, ...more })],
      requests: [{ ...request(asked), caller: undefined } as unknown as RequestRecord],
    })
  expect(lasting('mtls', [open({ proxiedBy: '127.0.0.1' })])).toEqual([])
  expect(lasting('mtls', [open({})], { proxies: ['127.9.9.9'] })).toEqual([])
  expect(lasting('mtls', [open({})])).toHaveLength(1)
  const edge = report('edge', { connections: [connection({ transport: 'tls' })], requests: [request(asked)] })
  expect(lasting('passthrough', [edge])).toEqual([])
})
