import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import type { Program } from '../chassis/program.ts'
import { createRoutes } from '../gateway/routes.ts'
import { createRateLimit, type Rate } from './rate-limit.ts'
import { inspect } from './waf.ts'

/** RFC 6797: two years, as browsers' preload lists ask. */
export const hsts: readonly string[] = ['strict-transport-security', 'max-age=63072000; includeSubDomains']

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
        const refuse = (status: number, name: string, detail: string, ...also: string[]) =>
          answerProblem(response, context, { status, name, detail }, [...hsts, ...also])
        const wait = limit.take(context.clientAddress)
        if (wait > 0) return refuse(429, 'rate-limited', `try again in ${wait} s`, 'retry-after', String(wait))
        const broken = inspect(target, request.rawHeaders)
        if (broken) return refuse(403, 'filtered', `refused by rule ${broken.id}`)
        const callee = routeOf(request.method ?? '', target)
        if (callee === undefined) return refuse(404, 'no-route', 'nothing here answers that')
        forward(request, response, context, site.upstream(callee))
      },
      close: async () => {},
    }
  }
