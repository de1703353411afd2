import type { FastifyPluginAsync } from 'fastify'
import * as v from 'valibot'
import { rotationSteps } from '../certificates/rotation-steps.ts'
import type { Operations } from '../operations.ts'
import { checked, checkedEmpty } from './body.ts'
import { narrated } from './narrated.ts'

const body = v.strictObject({
  what: v.picklist(['root', 'intermediate']),
  stopAt: v.optional(v.picklist(rotationSteps)),
  careless: v.optional(v.picklist(['reissue-first', 'distrust-first'])),
})

/**
 * Replacing CAs. `POST /api/rotation` and `/api/rotation/back` answer with NDJSON: a `RotationProgress` a line, then
 * `{done: true, what, heldAt?}` or `{done: false, problem}`.
 */
export const rotationRoutes =
  (operations: Operations): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.post('/api/rotation', async (request, reply) => {
      const { what, ...wish } = checked(body, request.body)
      const said = await narrated(watch => operations.rotate(what, wish, watch))
      return reply.type('application/x-ndjson').send(said)
    })
    app.post('/api/rotation/back', async (request, reply) => {
      checkedEmpty(request.body)
      const said = await narrated(watch => operations.rotateBack(watch))
      return reply.type('application/x-ndjson').send(said)
    })
  }
