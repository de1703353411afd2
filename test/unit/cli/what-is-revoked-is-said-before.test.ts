import { expect, test } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { doomedLines, revokedLines } from '../../../cli/render/revocation.ts'
import { meantBy } from '../../../cli/revocables.ts'
import type { HopError } from '../../../pki/error.ts'
import type { CertificateRow } from '../../../services/control/certificates/trust-state.ts'
import type { ControlState } from '../../../services/control/glance.ts'

const look = { paint: createPaint(false) }
const now = 1_000_000
const id = 'spiffe://hop.lab/orders'
const row = (serial: string, of: Partial<CertificateRow> = {}): CertificateRow => ({
  ...{ serial, kind: 'workload', name: id, at: 0, notAfter: now + 1000 },
  ...{ revokedAt: null, reason: null, issuer: 'aa', by: 'enrol' },
  ...of,
})
const issued = [
  row('4a11'.padEnd(32, '0')),
  row('4a12'.padEnd(32, '0')),
  row('4b00'.padEnd(32, '0'), { notAfter: now - 1 }),
  row('4c00'.padEnd(32, '0'), { revokedAt: 5 }),
  row('4d00'.padEnd(32, '0'), { kind: 'public', name: 'shop.hop.lab' }),
]
const workloads = [{ name: 'orders', id }] as ControlState['workloads']
const held = { orders: [{ serial: issued[1]!.serial }] }
const meant = (...words: string[]) => meantBy(words, issued, workloads, held, now)
const codeOf = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    return (error as HopError).code
  }
}

test.each(['orders', id])('%s means all that is live in that name, the one that is in use too', word => {
  const { what, rows, losing } = meant(word)
  expect([what, rows.map(({ serial }) => serial.slice(0, 4)), losing]).toEqual([{ id }, ['4a11', '4a12'], ['orders']])
})

test('a public name means its certificates', () => {
  expect(meant('shop.hop.lab')).toMatchObject({ what: { id: 'shop.hop.lab' }, losing: [] })
})

test('serials may be cut short as long as they are one certificate’s', () => {
  expect(meant('4A11', '4d00').what).toEqual({ serials: [issued[0]!.serial, issued[4]!.serial] })
  expect(meant('4a12').losing).toEqual(['orders'])
  expect(['4a1', '4a', 'ffff', 'mallory', '%'].map(word => codeOf(() => meant(word)))).toEqual(
    Array(5).fill('revocable-unknown'),
  )
  expect(codeOf(() => meant('spiffe://hop.lab/nobody'))).toBe('revocable-unknown')
  expect(meant('4a12', '4A12').what).toEqual({ serials: [issued[1]!.serial] })
  expect(codeOf(() => meant('orders', '4a11'))).toBe('usage')
})

test('many are not all listed, and what comes next is told', () => {
  const many = { what: { id }, rows: Array.from({ length: 15 }, (_, i) => row(`${i}`)), losing: ['orders'] }
  const lines = doomedLines(many, 'superseded', look)
  expect(lines[0]).toBe('15 certificates to revoke (superseded):')
  expect(lines.slice(-2)).toEqual(['  and 3 more', '! orders runs on it now and will be out of the mesh.'])
  const done = { serials: ['a'], acknowledged: false, ms: 10_000, losing: ['orders'] }
  expect(revokedLines(done, look)).toEqual([
    'Revoked, but not every connected workload has said so after 10.0 s; see hop state',
    'orders can neither call nor renew now.',
    'When you know why it had to go: hop reenrol orders, which gives it a new key.',
  ])
})

test('a name in a certificate cannot command the terminal', () => {
  const nasty = { what: { serials: ['a'] }, rows: [row('a', { name: '\u001b[2Jx' })], losing: [] }
  expect(doomedLines(nasty, 'superseded', look).join('')).not.toContain('\u001b')
})
