import { expect, test } from 'vitest'
import layers, { judgeLayer, needOf, type Protection } from '../../../scenarios/boundary/layers.ts'
import type { Transport } from '../../../services/chassis/transport.ts'
import { hopsOf } from '../../../services/hops.ts'
import type { Mode } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const hop = (link: string, mode: Mode = 'mtls') => hopsOf(shop, mode).find(candidate => candidate.link.id === link)!

const unseen = { caller: { kind: 'unseen' }, callee: { kind: 'unseen' } } as const
const recordedAs = (transport: Transport): Protection['recorded'] => ({ transport, ...unseen })

const both: Protection = { carries: 'tls', calleeProven: true, callerProven: true, recorded: recordedAs('mtls') }
const callee: Protection = { ...both, callerProven: false, recorded: recordedAs('tls') }
const none: Protection = {
  ...{ carries: 'plaintext', calleeProven: false, callerProven: false },
  recorded: recordedAs('plaintext'),
}

test('what a link calls for follows from its borders and its data', () => {
  expect(needOf(hop('orders:payments'))).toBe('mtls')
  expect(needOf(hop('edge:gateway'))).toBe('tls')
  expect(needOf(hop('gateway:orders'))).toBe('tls')
  expect(needOf(hop('orders:inventory'))).toBe('plaintext')
  expect(needOf(hop('client:edge'))).toBe('tls')
  expect(needOf(hop('edge:orders', 'passthrough'))).toBe('tls')
})

test('less than is needed is broken, as much or more holds', () => {
  const verdict = (link: string, seen: Protection) => judgeLayer(hop(link), seen)
  expect(verdict('orders:payments', both)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(verdict('orders:payments', callee)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(verdict('edge:gateway', callee).verdict).toBe('holds')
  expect(verdict('edge:gateway', none)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(verdict('orders:inventory', none).verdict).toBe('holds')
  expect(verdict('orders:inventory', both).verdict).toBe('holds')
})

test('encryption whose callee nobody checked is no protection', () => {
  expect(judgeLayer(hop('edge:gateway'), { ...callee, calleeProven: false }).verdict).toBe('broken')
})

test('a link that nobody recorded, or whose bytes say otherwise, shows nothing', () => {
  for (const odd of [
    { ...both, recorded: undefined },
    { ...both, carries: 'nothing' as const },
    { ...both, carries: 'plaintext' as const },
    { ...both, recorded: recordedAs('plaintext') },
  ])
    expect(judgeLayer(hop('orders:payments'), odd).control.passed).toBe(false)
})

test('hybrid is expected to hold everywhere, plaintext where nothing is called for', () => {
  const expected = (mode: Mode) => hopsOf(shop, mode).map(one => layers.expected(one))
  expect(new Set(expected('hybrid'))).toEqual(new Set(['holds']))
  const plaintext = hopsOf(shop, 'edge-terminate-plaintext').filter(({ transport }) => transport === 'plaintext')
  for (const one of plaintext) {
    const { crossesZone, carriesSecrets } = one.link
    expect(layers.expected(one), one.link.id).toBe(crossesZone || carriesSecrets ? 'broken' : 'holds')
  }
})
