import { expect, it } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { renderCalls } from '../../../cli/render/calls.ts'
import type { Calls } from '../../../scenarios/calls.ts'

const look = { paint: createPaint(false), columns: 100 }
const base = { callee: 'payments', certificates: [], over: [], times: 3, last: '2026-01-01T10:11:12.131Z' }
const asked = { method: 'POST', path: '/charges' }
const caller = 'spiffe://hop.lab/orders'
const lineOf = (call: Partial<Calls>) => renderCalls([{ ...base, by: 'nobody', ...call }], look).split('\n')[1]

it('who proved himself, who only said who he is and who said nothing are told apart', () => {
  const rule = 'orders:payments'
  expect(
    lineOf({ ...asked, caller, rule, by: 'certificate', certificates: ['47bb5674426278815e2ea9aadead44e1'] }),
  ).toBe('payments  orders  certificate 47bb56…  POST /charges  orders:payments      3  10:11:12')
  expect(lineOf({ ...asked, caller, rule, by: 'certificate', certificates: ['4f', '5e'] })).toContain('2 certificates')
  expect(lineOf({ ...asked, caller, rule, by: 'header' })).toContain('orders  his word only  POST')
  expect(lineOf({ denied: 'no-client-certificate' })).toContain(
    'nobody  nothing    –        denied: no-client-certificate',
  )
})

it('a path that came from outside is cut, and nothing in it is obeyed', () => {
  const text = renderCalls(
    [{ ...base, ...asked, by: 'nobody', path: `/\u001b[31m${'x'.repeat(500)}`, denied: 'no rule' }],
    look,
  )
  expect(text).not.toContain('\u001b')
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100)
})

it('no calls are told in a sentence', () => {
  expect(renderCalls([], look)).toBe('No such call is remembered.')
})
