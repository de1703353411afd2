import type { FastifyReply } from 'fastify'
import * as v from 'valibot'
import { ask, type Outcome } from '../ask.ts'
import { readBody } from '../chassis/body.ts'
import type { Program, RequestContext, Site } from '../chassis/program.ts'
import { createService, refuse } from '../chassis/service.ts'
import { amount, card, fields, text } from '../fields.ts'
import { createStore } from '../store.ts'

const order = fields({ card, amount, address: text(500), stock: text(100) })
const charged = v.object({ charge: v.string(), amount: v.number() })
const reserved = v.object({ reservation: v.string() })
const shipped = v.object({ shipment: v.string() })

type Order = v.InferOutput<typeof order> & { charged: number; reservation: string; shipment: string }

/** The public API of the shop: place an order, read it back. Charges first, then reserves and ships. */
export const orders: Program = site => {
  const store = createStore<Order>()
  return createService(site, (app, contextOf) => {
    app.post('/orders', async (request, reply) => {
      const placed = readBody(order, request.body, ['card'])
      const context = contextOf(request)
      const payment = await charge(site, context, placed)
      if (!payment.ok) return failed(reply, 'payments', payment)

      const paid = payment.body
      const stock = await reserve(site, context, placed)
      if (!stock.ok) return failed(reply, 'inventory', stock, { charge: paid.charge })
      const { reservation } = stock.body
      const delivery = await ship(site, context, placed)
      if (!delivery.ok) return failed(reply, 'shipping', delivery, { charge: paid.charge, reservation })

      const { shipment } = delivery.body
      const id = store.add({ ...placed, charged: paid.amount, reservation, shipment })
      const { clientAddress } = context
      reply.code(201).header('location', `/orders/${id}`)
      return { id, amount: placed.amount, charged: paid.amount, reservation, shipment, clientAddress }
    })

    app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
      const { id } = request.params
      const found = store.get(id)
      if (!found) return refuse(reply, { status: 404, name: 'not-found', detail: 'there is no such order' })
      return { id, ...found, card: found.card.slice(-4).padStart(found.card.length, '*') }
    })
  })
}

type Placed = v.InferOutput<typeof order>

const charge = (site: Site, context: RequestContext, { card, amount }: Placed) =>
  ask(site.upstream('payments'), context, { method: 'POST', path: '/charges', body: { card, amount } }, charged)

const reserve = (site: Site, context: RequestContext, { stock }: Placed) =>
  ask(site.upstream('inventory'), context, { method: 'POST', path: '/reservations', body: { stock } }, reserved)

const ship = (site: Site, context: RequestContext, { address }: Placed) =>
  ask(site.upstream('shipping'), context, { method: 'POST', path: '/shipments', body: { address } }, shipped)

/** Says which step failed and what had been done before it, so that somebody can put it right. */
const failed = (reply: FastifyReply, upstream: string, outcome: Outcome<unknown> & { ok: false }, done: object = {}) =>
  refuse(reply, { status: 502, name: outcome.name, detail: outcome.detail, upstream, ...done })
