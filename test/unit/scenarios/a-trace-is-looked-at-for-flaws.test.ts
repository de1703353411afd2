import { expect, test } from 'vitest'
import { flawsIn } from '../../../scenarios/request/trace.ts'
import type { Span } from '../../../services/chassis/span.ts'

const span = (
  workload: string,
  kind: Span['kind'],
  spanId: string,
  parentSpanId?: string,
  more: Partial<Span> = {},
): Span => ({
  ...{ workload, kind, name: 'GET', traceId: 't', spanId, start: 1000, end: 2000 },
  attributes: { 'http.response.status_code': 200 },
  ...(parentSpanId === undefined ? {} : { parentSpanId }),
  ...more,
})

const edge = span('edge', 'server', '1')
const call = span('edge', 'client', '2', '1')
const orders = span('orders', 'server', '3', '2')

test('one root, a call, and its callee’s span fit together', () => {
  expect(flawsIn([edge, call, orders])).toEqual([])
})

test('a call without an answer needs no callee’s span', () => {
  const failed = { ...call, attributes: {} }
  expect(flawsIn([edge, failed])).toEqual([])
})

test.each<[string, Span[], RegExp]>([
  ['a second root', [edge, call, orders, span('payments', 'server', '9')], /2 roots/],
  ['no root', [call, orders], /0 roots|orphan/],
  ['an orphan', [edge, call, { ...orders, parentSpanId: 'gone' }], /orders GET is an orphan/],
  ['a callee that recorded nothing', [edge, call], /its callee has no span/],
  ['an id twice', [edge, call, orders, { ...orders }], /twice/],
  ['a hop left out', [edge, { ...orders, parentSpanId: '1' }], /child of another server span/],
  ['a child before its parent', [edge, call, { ...orders, start: 500 }], /not within the time/],
  ['a child long after its parent', [edge, call, { ...orders, end: 2500 }], /not within the time/],
])('%s is a flaw', (_, spans, words) => {
  expect(flawsIn(spans).join('\n')).toMatch(words)
})
