import { expect, test } from 'vitest'
import decryptionPoints, { judgePlaces, type SeenHop } from '../../../scenarios/boundary/decryption-points.ts'
import type { ObservedHop } from '../../../scenarios/observed.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')

const recorded: ObservedHop = {
  ...{ transport: 'mtls', protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', keyExchange: 'X25519MLKEM768' },
  caller: { kind: 'authenticated', id: 'spiffe://hop.lab/orders' },
  callee: { kind: 'authenticated', id: 'spiffe://hop.lab/payments' },
  decrypted: true,
}
const opened = (callee: string): SeenHop => ({ link: `x:${callee}`, callee, recorded, carries: 'tls', keys: true })
const plaintext: SeenHop = {
  ...{ link: 'edge:gateway', callee: 'gateway', carries: 'plaintext', keys: false },
  recorded: { ...recorded, transport: 'plaintext', decrypted: false },
}
const passed: SeenHop = {
  ...{ link: 'client:edge', callee: 'edge', carries: 'tls', keys: false },
  recorded: { ...recorded, transport: 'spliced', decrypted: false },
}

test('one place holds, however many hops lead there; two are broken', () => {
  for (const hops of [
    [opened('edge'), plaintext],
    [passed, opened('orders'), opened('orders')],
  ])
    expect(judgePlaces(hops)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  const two = judgePlaces([opened('edge'), opened('gateway'), plaintext])
  expect(two).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(two.because).toBe('TLS ends on 2 of 3 hops, at edge, gateway')
})

test('each hop is told with what carried it and whom its ends saw', () => {
  const [count, hop] = judgePlaces([opened('payments')]).evidence
  expect(count).toMatchObject({ kind: 'count', text: '1' })
  expect(hop?.text).toBe(
    'mtls TLSv1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768, caller seen as spiffe://hop.lab/orders, callee as spiffe://hop.lab/payments',
  )
})

test.each<[string, SeenHop]>([
  ['nobody recorded', { ...opened('payments'), recorded: undefined }],
  ['nothing passed on', { ...plaintext, carries: 'nothing' }],
  ['the wire has plaintext on although its ends recorded TLS', { ...opened('payments'), carries: 'plaintext' }],
  ['the secrets of its callee do not open', { ...opened('payments'), keys: false }],
  ['its callee opens without having said so', { ...passed, keys: true }],
])('a hop that %s shows nothing', (_, odd) => {
  expect(judgePlaces([opened('edge'), odd]).control.passed).toBe(false)
})

test('one place is expected where the edge alone ends TLS', () => {
  const { expected } = decryptionPoints
  if (typeof expected !== 'function') throw new Error('expected by topology')
  expect(expected('edge-terminate-plaintext', shop)).toBe('holds')
  for (const mode of ['re-encrypt', 'mtls', 'passthrough', 'hybrid'] as const)
    expect(expected(mode, shop)).toBe('broken')
})
