import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import type { Program } from '../chassis/program.ts'

const noApp = { status: 503, name: 'no-app', detail: 'the application behind this sidecar is not known yet' }

/** Speaks for a legacy workload: hands every request on to the application beside it, its only upstream. */
export const sidecar: Program = async site => {
  const forward = createForward({ via: site.name })
  return {
    handler(request, response, context) {
      const [app] = site.upstreams()
      if (app) forward(request, response, context, app)
      else answerProblem(response, context, noApp)
    },
    close: async () => {},
  }
}
