import { expect, test } from 'vitest'
import { renderIntruded } from '../../../cli/render/insider.ts'
import { told } from '../../../scenarios/intrude.ts'
import { cut, denied, hop, refusedAs, served } from './outcomes.ts'

const plain = { paint: { good: same, bad: same, warn: same, dim: same, strong: same }, columns: 100 }
function same(text: string): string {
  return text
}

test('served, denied and refused are read from what the callee recorded', () => {
  const asOrders = served({ callerBy: 'header' }, {})
  expect(told(hop, asOrders)).toMatchObject({ outcome: 'served', callerBy: 'header', rule: hop.link.id, denied: null })
  expect(told(hop, denied({ denied: 'no rule' }))).toMatchObject({ outcome: 'denied', rule: null, denied: 'no rule' })
  expect(told(hop, refusedAs('self-signed'))).toMatchObject({
    ...{ outcome: 'refused', request: null, status: 0, failure: { name: 'self-signed' } },
  })
})

test('an answer that nobody recorded a request for is no service', () => {
  expect(told(hop, { ...cut, attempt: { answered: true, status: 201, headers: {}, body: '' } }).outcome).toBe('refused')
})

test('it is told in lines that fit', () => {
  const says = 'spiffe://hop.lab/orders'
  for (const outcome of [
    served(),
    denied({ denied: 'no rule lets spiffe://hop.lab/inventory in' }),
    refusedAs('revoked'),
  ]) {
    const text = renderIntruded({ ...told(hop, outcome), papers: 'self-signed', says }, plain)
    expect(text.split('\n').filter(line => line.length > 100)).toEqual([])
    expect(text.replaceAll('\n', ' ')).toContain('who says that he is orders')
  }
})
