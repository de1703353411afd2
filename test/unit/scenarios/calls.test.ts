import { expect, test } from 'vitest'
import { callsIn } from '../../../scenarios/calls.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { denied, refusedAs, served, shop } from './outcomes.ts'

const seen = (
  requests: (RequestRecord | undefined)[],
  connections: (ConnectionRecord | undefined)[],
): Observations => ({
  ...{ workload: 'orders', keyLog: [], held: [], cursor: 9 },
  requests: requests.filter(request => request !== undefined),
  connections: connections.filter(connection => connection !== undefined),
})
const proven = (id: string, serial: string) =>
  served(
    {},
    { id, transport: 'mtls', peer: { kind: 'authenticated', id: 'spiffe://hop.lab/gateway', serial, notAfter: '' } },
  ).connection
const asked = (path: string, connection: string, at: string) =>
  served({ caller: 'spiffe://hop.lab/gateway', rule: 'gateway:orders', method: 'GET', path, connection, at }).request

test('calls of one kind are one line, by the path of the rule, with every certificate that proved the caller', () => {
  const requests = [asked('/orders/1', 'a', '2026-01-01T00:00:02Z'), asked('/orders/2', 'b', '2026-01-01T00:00:01Z')]
  expect(callsIn(shop, { orders: seen(requests, [proven('a', '4f'), proven('b', '5e')]) })).toEqual([
    {
      ...{ callee: 'orders', caller: 'spiffe://hop.lab/gateway', by: 'certificate', certificates: ['4f', '5e'] },
      ...{ over: ['mtls'], method: 'GET', path: '/orders/*', rule: 'gateway:orders' },
      ...{ times: 2, last: '2026-01-01T00:00:02Z' },
    },
  ])
})

test('a denial keeps its path and its reason, a name that is only stated says so, a refused connection is there too', () => {
  const stated = denied({ path: '/admin', callerBy: 'header', at: '2026-01-01T00:00:03Z' }).request
  const calls = callsIn(shop, { orders: seen([stated], [refusedAs('no-client-certificate').refusal]) })
  expect(calls).toMatchObject([
    { by: 'nobody', denied: 'no-client-certificate', times: 1 },
    { by: 'header', certificates: [], path: '/admin', denied: 'no rule' },
  ])
  expect(calls[0]).not.toHaveProperty('method')
  expect(calls[1]).not.toHaveProperty('rule')
})

test('the public enters under the rules of the ingress', () => {
  const { caller: _, ...record } = served({ rule: 'client:orders', method: 'GET', path: '/orders/7' }).request!
  const anyone: RequestRecord = { ...record, callerBy: 'nobody' }
  expect(callsIn(shop, { orders: seen([anyone], []) })).toMatchObject([{ by: 'nobody', path: '/orders/*' }])
})
