import { expect, test } from 'vitest'
import { inventoryOf } from '../../../scenarios/inventory.ts'
import { at, connection, failure, healthy, heldBy, now, reportOf, rowOf, topology } from './alert-cases.ts'

const seen = healthy([
  reportOf('edge', {
    held: [heldBy('edge'), { ...heldBy('shop'), kind: 'public', name: 'shop.hop.lab' }],
    connections: [
      connection({ side: 'server', localKey: 'key-shop' }),
      connection({ link: 'edge:control', localKey: 'key-edge' }),
    ],
  }),
  reportOf('orders', {
    connections: [
      connection({ link: 'orders:payments', localKey: 'key-orders', peerKey: 'key-payments' }),
      connection({ link: 'orders:inventory', peerKey: 'key-inventory', ...failure('wrong-identity') }),
    ],
  }),
])
const find = (name: string, items = inventoryOf(seen)) => items.find(item => item.serial === name)

test('every certificate held is there once, with its holder and the CA by what it is for', () => {
  expect(inventoryOf(seen)).toHaveLength(Object.keys(topology.workloads).length + 1)
  expect(find('orders')).toMatchObject({ kind: 'workload', holder: 'orders', issuer: 'workloads', state: 'valid' })
})

test('it is in use where a connection showed its key, on either side', () => {
  expect(find('orders')?.links).toEqual(['orders:payments'])
  expect(find('payments')?.links).toEqual(['orders:payments'])
  expect(find('shop')?.links).toEqual(['client:edge'])
})

test('a refused handshake and a talk with the control plane are no use', () => {
  expect(find('inventory')?.links).toEqual([])
  expect(find('edge')?.links).toEqual([])
})

test('age counts from the issue, and renewal is due when half of the life has passed', () => {
  expect(find('orders')).toMatchObject({ issuedAt: at(60), remainingS: 3540, renewalDue: at(60 - 1800) })
})

test('with renewal switched off none is due', () => {
  const off = inventoryOf({ ...seen, renewal: { orders: { on: false } } })
  expect(find('orders', off)?.renewalDue).toBeNull()
  expect(find('payments', off)?.renewalDue).not.toBeNull()
})

test('expired and revoked ones say so', () => {
  const certificates = [{ ...rowOf('orders'), revokedAt: now - 5, reason: 'keyCompromise' as const }]
  const gone = healthy([reportOf('payments', { held: [heldBy('payments', 10, 5)] })], { certificates })
  expect(find('orders', inventoryOf(gone))?.state).toBe('revoked')
  expect(find('payments', inventoryOf(gone))).toMatchObject({ state: 'expired', remainingS: -5 })
})

test('what nobody holds shows on request while it is valid', () => {
  const certificates = [...seen.certificates, rowOf('taken'), rowOf('old', 10, 5)]
  expect(find('taken', inventoryOf({ ...seen, certificates }))).toBeUndefined()
  const all = inventoryOf({ ...seen, certificates }, { all: true })
  expect(find('taken', all)).toMatchObject({ holder: null, links: [], renewalDue: null, state: 'valid' })
  expect(find('old', all)).toBeUndefined()
})
