import type { FastifyPluginAsync } from 'fastify'
import * as v from 'valibot'
import type { Topology } from '../../topology/topology.ts'
import type { BreakGlassRoom } from '../rollout/break-glass.ts'
import { checked, checkedEmpty, text, words } from './body.ts'
import { knownLink } from './unknown.ts'

const body = v.strictObject({
  link: text(400),
  forS: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
  reason: words(300),
  transport: v.optional(v.picklist(['plaintext', 'tls']), 'plaintext'),
})

/**
 * `POST /api/break-glass` {link, forS, reason, transport?} → what was begun, with `acknowledged`;
 * `POST /api/break-glass/end`. See {@link BreakGlassRoom} for what is refused.
 */
export const breakGlassRoutes =
  (topology: Topology, breakGlass: BreakGlassRoom): FastifyPluginAsync =>
  async app => {
    app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

    app.post('/api/break-glass', request => {
      const wish = checked(body, request.body)
      return breakGlass.begin({ ...wish, link: knownLink(topology, wish.link) })
    })
    app.post('/api/break-glass/end', async request => {
      checkedEmpty(request.body)
      await breakGlass.end()
      return { ended: true }
    })
  }
