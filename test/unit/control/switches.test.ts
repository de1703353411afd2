import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { decide } from '../../../services/chassis/policy.ts'
import { type Circumstances, planOf, resolve } from '../../../services/control/rollout/plan.ts'
import {
  defaultSwitches,
  type Switches,
  switchedFrom,
  switchSchema,
} from '../../../services/control/rollout/switches.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const defaults = defaultSwitches(shop)
const edge = { host: '127.0.0.1', port: 4000 }

const given = (switches: Partial<Switches>, more: Partial<Circumstances> = {}): Circumstances => ({
  ...{ addresses: { edge, orders: { host: '127.0.0.1', port: 4001 } }, routes: {}, unverified: [], keyLog: [] },
  switches: { ...defaults, ...switches },
  tokens: { issuer: '', keys: [], asserters: [] },
  ...more,
})

const at = (name: string, mode: Parameters<typeof planOf>[1], now: Circumstances) =>
  resolve(shop, name, planOf(shop, mode)[name]!, now)

describe('whose PROXY header is believed', () => {
  test("the edge's alone, by the address it dials from, and only where the public enters behind it", () => {
    const now = given({}, { sources: { edge: ['127.150.1.1'] } })
    expect(at('orders', 'passthrough', now).proxyProtocol).toEqual({ from: ['127.150.1.1'] })
    expect(at('payments', 'passthrough', now).proxyProtocol).toBeUndefined()
    expect(at('orders', 'mtls', now).proxyProtocol).toBeUndefined()
    expect(at('edge', 'mtls', now).proxyProtocol).toBeUndefined()
  })

  test('where the edge has no address of its own, that of its listener', () => {
    expect(at('orders', 'passthrough', given({})).proxyProtocol).toEqual({ from: ['127.0.0.1'] })
    expect(at('orders', 'passthrough', given({}, { addresses: {} })).proxyProtocol).toEqual({ from: [] })
  })

  test('anyone’s, when that mistake is made', () => {
    expect(at('orders', 'passthrough', given({ proxyProtocol: 'anyone' })).proxyProtocol).toEqual({ from: 'anyone' })
    expect(at('orders', 'mtls', given({ proxyProtocol: 'anyone' })).proxyProtocol).toBeUndefined()
  })

  test('switched off the edge says nothing', () => {
    const says = (switches: Partial<Switches>) => at('edge', 'passthrough', given(switches)).splices[0]?.proxyProtocol
    expect(says({})).toBe(true)
    expect(says({ proxyProtocol: 'off' })).toBe(false)
  })
})

describe('the policy', () => {
  const stranger = 'spiffe://hop.lab/inventory'
  const refund = { caller: stranger, transport: 'mtls' as const, method: 'POST', path: '/refunds' }
  const rules = (policy: Switches['policy']) => at('payments', 'mtls', given({ policy })).rules

  test('of least privilege is the topology’s links', () => {
    expect(decide(rules({ kind: 'least-privilege' }), refund)).toMatchObject({ allowed: false })
  })

  test('that allows all lets every workload do everything, and nobody without a name', () => {
    const broad = rules({ kind: 'allow-all' })
    expect(decide(broad, refund)).toMatchObject({ allowed: true, rule: { link: 'allow-all' } })
    expect(decide(broad, { ...refund, caller: undefined })).toMatchObject({ allowed: false })
    const own = { ...refund, caller: 'spiffe://hop.lab/orders', path: '/charges' }
    expect(decide(broad, own)).toMatchObject({ allowed: true, rule: { link: 'orders:payments' } })
  })

  test('that denies by name denies the name, and lets in who has none', () => {
    const named = rules({ kind: 'deny-by-name', names: ['inventory'] })
    expect(decide(named, refund)).toEqual({ allowed: false, because: `rule deny-by-name denies ${stranger}` })
    expect(decide(named, { ...refund, caller: undefined })).toMatchObject({ allowed: true })
  })
})

test('a log pipeline is told to the workload it is about', () => {
  const logPipelines = { payments: { name: 'collector', address: { host: '127.0.0.1', port: 9 } } }
  const logsTo = { link: 'payments:collector', address: { host: '127.0.0.1', port: 9 } }
  expect(at('payments', 'mtls', given({ logPipelines })).logsTo).toEqual(logsTo)
  expect(at('orders', 'mtls', given({ logPipelines })).logsTo).toBeUndefined()
})

test('what is not at its default is told, and nothing else', () => {
  expect(switchedFrom(defaults, defaults)).toEqual({})
  expect(switchedFrom(defaults, structuredClone(defaults))).toEqual({})
  expect(switchedFrom(defaults, { ...defaults, proxyProtocol: 'anyone' })).toEqual({ proxyProtocol: 'anyone' })
})

test.each([
  ['policy', { kind: 'allow-some' }],
  ['policy', { kind: 'deny-by-name', names: ['nobody'] }],
  ['policy', 'allow-all'],
  ['policy', { kind: 'allow-all', more: 1 }],
  ['proxyProtocol', 'everyone'],
  ['logPipelines', { nobody: { name: 'c', address: edge } }],
  ['logPipelines', { payments: { name: 'c' } }],
  ['logPipelines', { payments: { name: 'a:b', address: edge } }],
  ['logPipelines', { payments: { name: 'x\u001b[31m', address: edge } }],
  ['logPipelines', { orders: { name: 'payments', address: edge } }],
  ['policy', { kind: 'deny-by-name', names: new Array(8000).fill('edge') }],
  ['l7', { edge: { waf: 'yes' } }],
])('%s is not %j', (name, value) => {
  expect(v.safeParse(switchSchema(shop, name).schema, value).success).toBe(false)
})

test.each(['__proto__', 'constructor', 'polcy', ''])('%j is no switch', name => {
  expect(() => switchSchema(shop, name)).toThrow(expect.objectContaining({ code: 'switch-unknown', field: 'switch' }))
})

describe('what the public negotiates', () => {
  const check = (tls: Switches['tls']) => v.safeParse(switchSchema(shop, 'tls').schema, tls).success
  const ecdsaOnly = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']

  test('a policy with nothing left to agree on is refused', () => {
    expect(check({ minVersion: 'TLSv1.2', suites: ecdsaOnly, keyType: 'p256' })).toBe(true)
    expect(check({ minVersion: 'TLSv1.3', suites: ecdsaOnly, keyType: 'p256' })).toBe(false)
    expect(check({ minVersion: 'TLSv1.2', suites: ecdsaOnly, keyType: 'rsa-2048' })).toBe(false)
    expect(check({ minVersion: 'TLSv1.2', suites: [], keyType: 'p256' })).toBe(false)
  })

  test('is told to whoever holds the public name in a mode, and to nobody else', () => {
    const tls: Switches['tls'] = { ...defaults.tls, minVersion: 'TLSv1.3' }
    for (const [mode, holder] of [
      ['mtls', 'edge'],
      ['passthrough', 'orders'],
    ] as const)
      for (const name of Object.keys(shop.workloads))
        expect([name, at(name, mode, given({ tls })).tls]).toEqual([name, name === holder ? tls : undefined])
  })
})
