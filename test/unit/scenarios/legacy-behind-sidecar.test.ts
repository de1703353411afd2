import { expect, test } from 'vitest'
import type { InsiderOutcome } from '../../../scenarios/flows/insider-call.ts'
import legacy, { judgeLegacy } from '../../../scenarios/sidecars/legacy-behind-sidecar.ts'
import { applicationRecord, callOn, hopIn, selectedIn, tlsSeen } from './sidecar-cases.ts'

const hop = hopIn('shop', 'mtls', 'orders:shipping')
const { answered, served, refused } = callOn(hop)
const genuine: InsiderOutcome = { ...served('orders'), attempt: { ...answered, tls: tlsSeen } }
const application = applicationRecord('orders')
const plain = refused('plaintext-to-tls')

test('holds when TLS came to the sidecar, plaintext to the application, and nothing else in plaintext is served', () => {
  expect(judgeLegacy(hop, { genuine, plain, application })).toMatchObject({
    ...{ verdict: 'holds', control: { passed: true } },
  })
})

test('is broken where the call came in plaintext, or another one in plaintext was served', () => {
  const { tls: _, ...untouched } = genuine.attempt as typeof genuine.attempt & { tls: unknown }
  const inClear = { genuine: { ...genuine, attempt: untouched }, plain: served('nobody'), application }
  expect(judgeLegacy(hop, inClear)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judgeLegacy(hop, { genuine, plain: served('nobody'), application }).verdict).toBe('broken')
})

test('shows nothing when the application did not get the call, got it encrypted, or plaintext failed for another reason', () => {
  for (const other of [
    { genuine, plain, application: undefined },
    { genuine, plain, application: { ...application, encrypted: true } },
    { genuine, plain: refused('connection-refused'), application },
    { genuine: refused('no-client-certificate'), plain, application },
  ])
    expect(judgeLegacy(hop, other).control.passed).toBe(false)
})

test('is about links that end at a sidecar, and no others', () => {
  expect(selectedIn(legacy, 'shop', 'mtls')).toEqual(['orders:shipping'])
  expect(selectedIn(legacy, 'shop-sidecars', 'passthrough')).toEqual([
    'orders:payments',
    'orders:inventory',
    'orders:shipping',
  ])
})
