import { expect, test } from 'vitest'
import { judgeSpans } from '../../../scenarios/observing/trace-has-a-span-per-hop.ts'
import type { Placed, Trace } from '../../../scenarios/request/trace.ts'

const span = (workload: string, depth: number, kind: Placed['kind'] = 'server'): Placed => ({
  ...{ workload, kind, name: 'POST', traceId: 't', spanId: workload, start: 0, end: 1, depth },
  attributes: { 'http.response.status_code': 201 },
})
const trace = (spans: Placed[], more: Partial<Trace> = {}): Trace => ({
  ...{ traceId: 't', requestId: 'r', start: 0, end: 1, spans, flaws: [], away: [], ...more },
})
const splice = { workload: 'edge', at: '', knownBy: 'address' as const }
const callees = ['edge', 'orders']
const whole = trace([span('edge', 0), span('orders', 2)])
const behind = trace([span('orders', 0)])

test('a span at every hop holds; an edge that passed the connection on has none, which is broken', () => {
  expect(judgeSpans(callees, whole)).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judgeSpans(callees, { ...behind, splice })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('a call towards a workload is not its span', () => {
  const called = trace([span('edge', 0), { ...span('orders', 1, 'client') }])
  expect(judgeSpans(callees, called).verdict).toBe('broken')
})

test('a hop without a span that nobody passed on, a trace with flaws, and none at all show nothing', () => {
  expect(judgeSpans(callees, behind).control.passed).toBe(false)
  expect(judgeSpans(callees, { ...whole, flaws: ['2 roots'] }).control.passed).toBe(false)
  expect(judgeSpans(callees, undefined)).toMatchObject({ verdict: 'broken', control: { passed: false } })
})
