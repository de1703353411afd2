import { expect, test } from 'vitest'
import type { BreakGlassRow } from '../../../services/control/rollout/break-glass-state.ts'
import { planOf, resolve, type Unversioned } from '../../../services/control/rollout/plan.ts'
import { relaxed } from '../../../services/control/rollout/relaxed.ts'
import { defaultSwitches, type PolicySwitch } from '../../../services/control/rollout/switches.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const names = Object.keys(shop.workloads)
const until = Date.parse('2030-01-01T00:00:30Z')
const row: BreakGlassRow = {
  ...{ id: 'x', link: 'orders:payments', transport: 'plaintext', reason: 'why', at: until - 30_000, until },
  phase: 'open',
}

const ordinary = (name: string, policy: PolicySwitch = { kind: 'least-privilege' }): Unversioned =>
  resolve(shop, name, planOf(shop, 'mtls')[name]!, {
    addresses: Object.fromEntries(names.map((each, i) => [each, { host: '127.0.0.1', port: 4000 + i }])),
    ...{ routes: {}, unverified: [], keyLog: [] },
    switches: { ...defaultSwitches(shop), policy },
    tokens: { issuer: 'https://issuer.example', keys: [], asserters: [] },
  })

test('the caller sends by the weaker transport on this link alone, until its time', () => {
  const told = relaxed(ordinary('orders'), row)
  expect(told.upstreams.map(({ link, transport }) => [link, transport])).toEqual([
    ['orders:payments', 'plaintext'],
    ['orders:inventory', 'mtls'],
    ['orders:shipping', 'mtls'],
  ])
  const { upstreams: _, relaxed: until, ...rest } = told
  expect(ordinary('orders')).toMatchObject(rest)
  expect(until).toEqual({ until: '2030-01-01T00:00:30.000Z', afterwards: ordinary('orders') })
})

test('the callee takes the weaker transport too, under this link’s rule alone, a second longer', () => {
  const told = relaxed(ordinary('orders'), { ...row, link: 'gateway:orders' })
  expect(told.accepts).toEqual(['mtls', 'plaintext'])
  expect(told.rules.map(({ link, transports }) => [link, transports])).toEqual([
    ['gateway:orders', ['mtls', 'plaintext']],
    ['gateway:orders', ['mtls', 'plaintext']],
    ['edge:orders', ['mtls']],
  ])
  expect(told.upstreams).toEqual(ordinary('orders').upstreams)
  expect(told.relaxed).toEqual({ until: '2030-01-01T00:00:31.000Z', afterwards: ordinary('orders') })
})

test.each(names.filter(name => !['orders', 'payments'].includes(name)))('%s is told nothing new', name => {
  expect(relaxed(ordinary(name), row)).toEqual(ordinary(name))
})

test('a broad policy is not broadened further: what lets everybody in does not let them in the weaker way', () => {
  const told = relaxed(ordinary('payments', { kind: 'allow-all' }), row)
  const others = told.rules.filter(({ link }) => link !== row.link)
  expect(others.length).toBeGreaterThan(0)
  for (const { transports } of others) expect(transports).toEqual(['mtls'])
})

test('the callee is there first and leaves last', () => {
  for (const phase of ['opening', 'closing'] as const) {
    const now = { ...row, phase, by: 'itself' } as BreakGlassRow
    expect(relaxed(ordinary('orders'), now)).toEqual(ordinary('orders'))
    expect(relaxed(ordinary('payments'), now).accepts).toContain('plaintext')
  }
})

test('without it everybody is told what he is told', () => {
  for (const name of names) expect(relaxed(ordinary(name), undefined)).toEqual(ordinary(name))
})
