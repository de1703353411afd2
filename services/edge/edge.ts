import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import type { Program } from '../chassis/program.ts'
import { createRoutes } from '../gateway/routes.ts'

/** RFC 6797: two years, as browsers' preload lists ask. */
export const hsts: readonly string[] = ['strict-transport-security', 'max-age=63072000; includeSubDomains']

const noRoute = { status: 404, name: 'no-route', detail: 'nothing here answers that' }

/**
 * What the edge does with requests it can read: route by method, path and header, and forward. The rest of its policy is
 * the L7 policy pack's, mounted in front. Where the edge splices no request comes here, and none of this happens.
 */
export const edge: Program = async site => {
  const routeOf = createRoutes(site.calls)
  const forward = createForward({ via: site.name, answerHeaders: hsts })
  return {
    handler(request, response, context) {
      const callee = routeOf(request)
      if (callee === undefined) answerProblem(response, context, noRoute, hsts)
      else forward(request, response, context, site.upstream(callee))
    },
    close: async () => {},
  }
}
