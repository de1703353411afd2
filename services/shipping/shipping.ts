import { readBody } from '../chassis/body.ts'
import type { Program } from '../chassis/program.ts'
import { createService } from '../chassis/service.ts'
import { fields, text } from '../fields.ts'
import { createStore } from '../store.ts'

const shipment = fields({ address: text(500) })

/** Ships to an address. */
export const shipping: Program = site => {
  const shipped = createStore<{ address: string }>()
  return createService(site, app => {
    app.post('/shipments', async (request, reply) => {
      const { address } = readBody(shipment, request.body)
      reply.code(201)
      return { shipment: shipped.add({ address }) }
    })
  })
}
