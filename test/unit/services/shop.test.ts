import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import type { Program } from '../../../services/chassis/program.ts'
import { inventory } from '../../../services/inventory/inventory.ts'
import { orders } from '../../../services/orders/orders.ts'
import { payments } from '../../../services/payments/payments.ts'
import { shipping } from '../../../services/shipping/shipping.ts'
import { createStore } from '../../../services/store.ts'
import { type Answer, play, siteWith } from './stage.ts'

const order = { card: '4000000000000002', amount: 4200, address: '1 Harbour Street', stock: 'mug' }

const good: Record<string, Answer> = {
  payments: ({ body }) => ({ status: 201, body: { charge: 'ch-1', amount: (body as { amount: number }).amount } }),
  inventory: () => ({ status: 201, body: { reservation: 're-1' } }),
  shipping: () => ({ status: 201, body: { shipment: 'sh-1' } }),
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const staged = async (program: Program, callees: Record<string, Answer> = {}) => {
  const { site, asked } = siteWith(callees)
  const stage = await play(program, site)
  stops.push(stage.stop)
  return { ...stage, asked }
}

describe('orders', () => {
  it('charges, reserves, ships, with no more data than each needs, and says what payments charged', async () => {
    const { send, asked } = await staged(orders, good)
    const { status, body, location } = await send('POST', '/orders', order)
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.any(String),
      ...{ amount: 4200, charged: 4200, reservation: 're-1', shipment: 'sh-1', clientAddress: '192.0.2.7' },
    })
    expect(location).toBe(`/orders/${body.id}`)
    expect(asked.map(({ callee, request }) => [callee, request])).toEqual([
      ['payments', { method: 'POST', path: '/charges', body: { card: order.card, amount: 4200 } }],
      ['inventory', { method: 'POST', path: '/reservations', body: { stock: 'mug' } }],
      ['shipping', { method: 'POST', path: '/shipments', body: { address: '1 Harbour Street' } }],
    ])
    expect(asked.map(({ context }) => context.requestId)).toEqual(['request-1', 'request-1', 'request-1'])
  })

  it('shows an amount that changed on its way to payments', async () => {
    const altered: Answer = () => ({ status: 201, body: { charge: 'ch-1', amount: 1 } })
    const { send } = await staged(orders, { ...good, payments: altered })
    expect((await send('POST', '/orders', order)).body).toMatchObject({ amount: 4200, charged: 1 })
  })

  it('reads an order back with the card masked, and knows no others', async () => {
    const { send } = await staged(orders, good)
    const { body } = await send('POST', '/orders', order)
    const back = await send('GET', `/orders/${body.id}`)
    expect(back.body).toMatchObject({
      id: body.id,
      card: '************0002',
      address: '1 Harbour Street',
      charged: 4200,
    })
    expect(await send('GET', '/orders/none')).toMatchObject({ status: 404, type: 'application/problem+json' })
  })

  it.each([
    ['no charge', 'payments', {}, ['payments']],
    ['a charge', 'inventory', { charge: 'ch-1' }, ['payments', 'inventory']],
    [
      'a charge and a reservation',
      'shipping',
      { charge: 'ch-1', reservation: 're-1' },
      ['payments', 'inventory', 'shipping'],
    ],
  ])('answers 502 with %s when %s gives no answer, and goes no further', async (_, broken, done, called) => {
    const refusing: Answer = () => {
      throw new HopError('unknown-authority', { message: 'refused' })
    }
    const { send, asked } = await staged(orders, { ...good, [broken]: refusing })
    const { status, body, type } = await send('POST', '/orders', order)
    expect({ status, type }).toEqual({ status: 502, type: 'application/problem+json' })
    expect(body).toMatchObject({ failure: 'unknown-authority', upstream: broken, ...done })
    expect(Object.keys(body).includes('charge')).toBe('charge' in done)
    expect(asked.map(({ callee }) => callee)).toEqual(called)
  })

  it('does not take a refusal, or an answer of another shape, for a charge', async () => {
    const refused = await staged(orders, {
      ...good,
      payments: () => ({ status: 403, body: { charge: 'x', amount: 1 } }),
    })
    expect((await refused.send('POST', '/orders', order)).body).toMatchObject({
      status: 502,
      failure: 'upstream-refused',
    })
    const odd = await staged(orders, { ...good, payments: () => ({ status: 201, body: 'welcome' }) })
    expect((await odd.send('POST', '/orders', order)).body).toMatchObject({ status: 502, failure: 'bad-answer' })
    expect([...refused.asked, ...odd.asked].map(({ callee }) => callee)).toEqual(['payments', 'payments'])
  })

  it.each([
    [{ ...order, amount: 0 }, 'amount', '0'],
    [{ ...order, amount: 1.5 }, 'amount', '1.5'],
    [{ ...order, amount: 1_000_000_001 }, 'amount', '1000000001'],
    [{ ...order, amount: '4200' }, 'amount', '"4200"'],
    [{ ...order, card: '4000 0000 0000 0002' }, 'card', '19 characters'],
    [{ ...order, card: 4000000000000002 }, 'card', 'a number'],
    [{ ...order, address: 'x'.repeat(501) }, 'address', '501 characters'],
    [{ ...order, stock: '' }, 'stock', '""'],
    [{ card: order.card, amount: 1, stock: 'mug' }, 'address', 'nothing'],
    [[order], 'body', 'a list'],
    ['"text"', 'body', '"text"'],
  ])('refuses a body that is wrong in one field, naming it: %#', async (body, field, found) => {
    const { send, asked } = await staged(orders, good)
    const answer = await send('POST', '/orders', body)
    expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' })
    expect(answer.body).toMatchObject({ failure: 'bad-request', field, found, expected: expect.any(String) })
    expect(asked).toEqual([])
  })

  it.each([
    ['cut off', '{"card":', {}, 400],
    ['poisoned', '{"__proto__": {"x": 1}}', {}, 400],
    ['too large', `{"x": "${'x'.repeat(65 * 1024)}"}`, {}, 413],
    ['of another type', '<order/>', { 'content-type': 'text/xml' }, 415],
  ])('refuses a body that is %s as a problem', async (_, body, headers, status) => {
    const { send, asked } = await staged(orders, good)
    const answer = await send('POST', '/orders', body, headers)
    expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { failure: 'bad-request', status } })
    expect(asked).toEqual([])
  })

  it('answers a bad URL and an unknown path as problems', async () => {
    const { send } = await staged(orders, good)
    expect(await send('GET', '/orders/%zz')).toMatchObject({ status: 400, type: 'application/problem+json' })
    expect(await send('GET', '/elsewhere')).toMatchObject({ status: 404, type: 'application/problem+json' })
  })

  it('answers HTTP/2 the same way', async () => {
    const stage = await play(orders, siteWith(good).site, 2)
    const session = connect(stage.origin)
    const stream = session.request({ ':method': 'POST', ':path': '/orders', 'content-type': 'application/json' })
    stream.end(JSON.stringify(order))
    const headers = await new Promise<Record<string, unknown>>(done => stream.on('response', done))
    expect(headers[':status']).toBe(201)
    expect(JSON.parse(await text(stream))).toMatchObject({ charged: 4200 })
    session.close()
    await stage.stop()
  })
})

describe('the services behind', () => {
  it('payments charges what it is told, refunds it once, and knows no other charge', async () => {
    const { send } = await staged(payments)
    const charged = await send('POST', '/charges', { card: order.card, amount: 4200 })
    expect(charged).toMatchObject({ status: 201, body: { charge: expect.any(String), amount: 4200 } })
    const { charge } = charged.body
    expect(await send('POST', '/refunds', { charge })).toMatchObject({ status: 201, body: { charge, amount: 4200 } })
    expect(await send('POST', '/refunds', { charge })).toMatchObject({
      status: 409,
      body: { failure: 'already-refunded' },
    })
    expect(await send('POST', '/refunds', { charge: 'none' })).toMatchObject({ status: 404 })
    expect(JSON.stringify(await send('POST', '/charges', { card: '4000', amount: 1 }))).not.toContain('4000')
  })

  it('inventory reserves, shipping ships', async () => {
    const reserved = await (await staged(inventory)).send('POST', '/reservations', { stock: 'mug' })
    expect(reserved).toMatchObject({ status: 201, body: { reservation: expect.any(String), stock: 'mug' } })
    const shipped = await (await staged(shipping)).send('POST', '/shipments', { address: '1 Harbour Street' })
    expect(shipped).toMatchObject({ status: 201, body: { shipment: expect.any(String) } })
  })

  it('a store forgets its oldest records beyond the limit', () => {
    let next = 0
    const store = createStore<string>(2, () => `id-${++next}`)
    const ids = ['a', 'b', 'c'].map(store.add)
    expect(ids.map(store.get)).toEqual([undefined, 'b', 'c'])
    store.replace('id-1', 'again')
    expect(store.get('id-1')).toBeUndefined()
  })
})
