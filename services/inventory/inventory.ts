import { readBody } from '../chassis/body.ts'
import type { Program } from '../chassis/program.ts'
import { createService } from '../chassis/service.ts'
import { fields, text } from '../fields.ts'
import { createStore } from '../store.ts'

const reservation = fields({ stock: text(100) })

/** Reserves goods. There is always enough. */
export const inventory: Program = site => {
  const reserved = createStore<{ stock: string }>()
  return createService(site, app => {
    app.post('/reservations', async (request, reply) => {
      const { stock } = readBody(reservation, request.body)
      reply.code(201)
      return { reservation: reserved.add({ stock }), stock }
    })
  })
}
