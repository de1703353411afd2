import type { FastifyInstance } from 'fastify'
import * as v from 'valibot'
import { isMode, modes } from '../../modes.ts'
import type { Operations } from '../operations.ts'
import { mostObserveMs } from '../rollout/guard-settings.ts'
import { steps } from '../rollout/steps.ts'
import { checked, checkedEmpty, object, text } from './body.ts'
import { narrated } from './narrated.ts'
import { unknown } from './unknown.ts'

const guard = object({
  errorRate: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  atLeast: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e6))),
  observeMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostObserveMs))),
})

const body = v.strictObject({
  mode: text(100),
  stopAt: v.optional(v.picklist(steps.filter(step => step !== 'narrow'))),
  guard: v.optional(guard),
  canary: v.optional(v.pipe(v.array(text(200)), v.maxLength(200))),
})

/**
 * Going from mode to mode. `PUT /api/mode` and `POST /api/rollout/rollback` answer with NDJSON: a `Progress` a line, then
 * `{done: true, mode, heldAt?}` or `{done: false, problem}`.
 */
export const rolloutRoutes = (app: FastifyInstance, operations: Operations): void => {
  app.put('/api/mode', async (request, reply) => {
    const { mode, ...wish } = checked(body, request.body)
    if (!isMode(mode)) throw unknown('mode-unknown', 'mode', modes, mode)
    const said = await narrated(watch => operations.switchMode(mode, wish, watch))
    return reply.type('application/x-ndjson').send(said)
  })
  app.post('/api/rollout/rollback', async (request, reply) => {
    checkedEmpty(request.body)
    const said = await narrated(watch => operations.rollback(watch))
    return reply.type('application/x-ndjson').send(said)
  })
}
