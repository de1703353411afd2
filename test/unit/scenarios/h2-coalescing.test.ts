import { expect, test } from 'vitest'
import { type Coalesced, judgeCoalescing } from '../../../scenarios/edge/h2-coalescing.ts'
import type { Named } from '../../../scenarios/flows/names.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'

const own: Named = { over: 'HTTP/2', connection: 'new', asked: 'shop.hop.lab', status: 201 }
const other: Named = {
  ...own,
  connection: 'used',
  asked: 'billing.hop.lab',
  status: 421,
  failure: 'misdirected-request',
}
const run: Coalesced = {
  ...{ own: 'shop.hop.lab', other: 'billing.hop.lab', reader: 'orders', edge: 'edge' },
  covered: 'DNS:shop.hop.lab',
  named: [own, other, own],
  careless: [own, { ...own, asked: 'billing.hop.lab' }, own],
  seen: [{ transport: 'spliced', serverName: 'shop.hop.lab' } as ConnectionRecord],
}

test('a reused connection that serves its own name only holds, and what the edge saw is told', () => {
  const observed = judgeCoalescing(run)
  expect(observed).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(observed.because).toMatch(/may not use .* edge saw one server name and bytes/)
})

test('a certificate that covers the other name lets clients reuse the connection; only the answer protects then', () => {
  const observed = judgeCoalescing({ ...run, covered: 'DNS:shop.hop.lab, DNS:*.hop.lab' })
  expect(observed.because).toContain('a client may use')
  expect(observed.verdict).toBe('holds')
})

test('another name that was served on the connection is broken', () => {
  const named = [own, { ...own, asked: 'billing.hop.lab' }, own]
  expect(judgeCoalescing({ ...run, named })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test.each<[string, Partial<Coalesced>]>([
  ['its own name is refused too', { named: [own, other, { ...own, status: 0 }] }],
  ['the other name failed for something else', { named: [own, { ...other, failure: 'no-upstream' }, own] }],
  ['the certificate is for somebody else', { covered: 'DNS:elsewhere.example' }],
  ['the client could not even fool a careless server', { careless: [own, other, own] }],
])('%s: nothing was shown', (_, change) => {
  expect(judgeCoalescing({ ...run, ...change }).control.passed).toBe(false)
})
