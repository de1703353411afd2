import { answerProblem } from '../answer.ts'
import { createForward } from '../chassis/forward.ts'
import { callerHeader } from '../chassis/policy.ts'
import type { Program, RequestContext, Upstream } from '../chassis/program.ts'
import type { Egress } from './egress.ts'
import type { Pass } from './pass.ts'

export type SidecarOptions = {
  pass: Pass
  /** Absent where the application calls nobody. */
  egress?: Egress
  /** Is kept up to date: the requests the application is at work on, by span. */
  underWay?: Map<string, RequestContext>
}

const noApp = { status: 503, name: 'no-app', detail: 'the application behind this sidecar is not known yet' }

/** Speaks for the application beside it: hands every request on to it, and tells it who called. */
export const createSidecar =
  ({ pass, egress, underWay }: SidecarOptions): Program =>
  async site => {
    const forward = createForward({ via: site.name })
    egress?.carryBy(site)
    return {
      handler(request, response, context) {
        const app = site.upstreams().find(upstream => upstream.spec().id === '')
        if (!app) return answerProblem(response, context, noApp)
        if (underWay) {
          underWay.set(context.spanId, context)
          response.on('close', () => underWay.delete(context.spanId))
        }
        forward(request, response, context, addressedTo(app, pass, context))
      },
      close: async () => {},
    }
  }

const addressedTo = (app: Upstream, pass: Pass, { caller }: RequestContext): Upstream => ({
  ...app,
  callerHeaders: () => (caller === undefined ? pass.headers : [...pass.headers, callerHeader, caller]),
})
