import { readBody } from '../chassis/body.ts'
import type { Program } from '../chassis/program.ts'
import { createService, refuse } from '../chassis/service.ts'
import { amount, card, fields, text } from '../fields.ts'
import { createStore } from '../store.ts'

const charge = fields({ card, amount })
const refund = fields({ charge: text(64) })

/** Charges cards and refunds charges, each once. The card number itself is not kept. */
export const payments: Program = site => {
  const ledger = createStore<{ amount: number; refunded: boolean }>()
  return createService(site, app => {
    app.post('/charges', async (request, reply) => {
      const { amount } = readBody(charge, request.body, ['card'])
      reply.code(201)
      return { charge: ledger.add({ amount, refunded: false }), amount }
    })

    app.post('/refunds', async (request, reply) => {
      const { charge: id } = readBody(refund, request.body)
      const entry = ledger.get(id)
      if (!entry) return refuse(reply, { status: 404, name: 'not-found', detail: 'there is no such charge' })
      if (entry.refunded) {
        return refuse(reply, { status: 409, name: 'already-refunded', detail: 'this charge was refunded before' })
      }
      ledger.replace(id, { ...entry, refunded: true })
      reply.code(201)
      return { charge: id, amount: entry.amount, refunded: true }
    })
  })
}
