import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import type { Program } from '../chassis/program.ts'
import { createRoutes } from '../gateway/routes.ts'
import { createRateLimit, type Rate } from './rate-limit.ts'
import { inspect } from './waf.ts'

/** RFC 6797: two years, as browsers' preload lists ask. */
const hsts = ['strict-transport-security', 'max-age=63072000; includeSubDomains']

export const defaultRate: Rate = { perSecond: 2000, burst: 4000 }

/**
 * The edge's policy, for requests it can read: filter, limit, clean (see `headers.ts`), route. Where the edge splices,
 * no request comes here, and none of this happens.
 */
export const createEdge =
  (options: { rate?: Rate } = {}): Program =>
  async site => {
    const routeOf = createRoutes(site.calls)
    const forward = createForward({ via: site.name, answerHeaders: hsts })
    const limit = createRateLimit(options.rate ?? defaultRate)
    return {
      handler(request, response, context) {
        const target = request.url ?? '/'
        const wait = limit.take(context.clientAddress)
        if (wait > 0) {
          response.setHeader('retry-after', String(wait))
          return answerProblem(response, context, {
            status: 429,
            name: 'rate-limited',
            detail: `try again in ${wait} s`,
          })
        }
        const broken = inspect(target, request.rawHeaders)
        if (broken)
          return answerProblem(response, context, {
            status: 403,
            name: 'filtered',
            detail: `refused by rule ${broken.id}`,
          })
        const callee = routeOf(request.method ?? '', target)
        if (callee === undefined)
          return answerProblem(response, context, {
            status: 404,
            name: 'no-route',
            detail: 'nothing here answers that',
          })
        forward(request, response, context, site.upstream(callee))
      },
      close: async () => {},
    }
  }
