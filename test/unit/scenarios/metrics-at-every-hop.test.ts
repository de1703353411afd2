import { expect, test } from 'vitest'
import { judgeMetrics, type Measured } from '../../../scenarios/observing/metrics-at-every-hop.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'

const order = { answered: true, status: 201, headers: {}, body: '{}' } as unknown as Attempt
const hop = (workload: string, more: Partial<Measured> = {}): Measured => ({
  ...{ workload, requests: 3, good: 3, seconds: 0.02, refused: {}, connections: 3, handled: 3, ...more },
})
const edge = hop('edge', { refused: { 'protocol-version': 1 } })
const seen = { asked: [order, order, order], hops: [edge, hop('orders')], reader: 'edge', taken: false }
const judge = (how: Partial<typeof seen>) => judgeMetrics({ ...seen, ...how })

test('hops that all measure what went through them hold', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('an edge that passes TLS on counts connections alone, which is broken', () => {
  const blind = hop('edge', { requests: 0, good: 0, seconds: 0, handled: 0 })
  const behind = hop('orders', { refused: { 'protocol-version': 1 } })
  const passed = { hops: [blind, behind], reader: 'orders' }
  expect(judge(passed)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge({ ...passed, hops: [{ ...blind, connections: 0 }, behind] }).control.passed).toBe(false)
})

test('requests without codes or time are not measured', () => {
  expect(judge({ hops: [{ ...edge, good: 0 }, hop('orders')] }).verdict).toBe('broken')
  expect(judge({ hops: [edge, hop('orders', { seconds: 0 })] }).verdict).toBe('broken')
  expect(judge({ hops: [] }).verdict).toBe('broken')
})

test('numbers that differ from the records beside them show nothing', () => {
  expect(judge({ hops: [edge, hop('orders', { handled: 4 })] }).control.passed).toBe(false)
})

test('a refusal counted twice, elsewhere, under another cause or not at all shows nothing', () => {
  const wrong: Measured[][] = [
    [hop('edge'), hop('orders')],
    [hop('edge', { refused: { 'protocol-version': 2 } }), hop('orders')],
    [hop('edge', { refused: { 'no-certificate': 1 } }), hop('orders')],
    [hop('edge'), hop('orders', { refused: { 'protocol-version': 1 } })],
    [edge, hop('orders', { refused: { 'protocol-version': 1 } })],
  ]
  for (const hops of wrong) expect(judge({ hops }).control.passed).toBe(false)
  expect(judge({ taken: true }).control.passed).toBe(false)
})
