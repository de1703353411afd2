import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import type { Program } from '../chassis/program.ts'
import { createRoutes } from './routes.ts'

const noRoute = { status: 404, name: 'no-route', detail: 'no link from here allows this request' }

/** Forwards each request to the workload that a link allows it to go to. */
export const gateway: Program = async site => {
  const routeOf = createRoutes(site.calls)
  const forward = createForward({ via: site.name })
  return {
    handler(request, response, context) {
      const callee = routeOf(request)
      if (callee === undefined) answerProblem(response, context, noRoute)
      else forward(request, response, context, site.upstream(callee))
    },
    close: async () => {},
  }
}
