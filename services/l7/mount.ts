import { fastify } from 'fastify'
import { guarded } from '../chassis/guarded.ts'
import type { Handler, Program, RequestContext, Site } from '../chassis/program.ts'
import type { Check } from './check.ts'
import { normalizeHeaders } from './headers.ts'
import { createRouteMetrics } from './metrics.ts'
import { createEnforcement, type L7PackOptions, l7Pack } from './plugin.ts'
import { createRateLimit } from './rate-limit.ts'
import { inspect } from './waf.ts'

export type MountOptions = {
  /** Raw header pairs of every refusal (HSTS at an edge). */
  refusalHeaders?: readonly string[]
  /** Checks that come after the pack's own. */
  checks?: (site: Site) => readonly Check[]
}

/**
 * A program with the L7 policy pack in front, live: while the workload's desired state has a policy every request passes
 * the pack first; while it has none the program is called as if there were no pack.
 */
export const withL7 =
  (program: Program, { refusalHeaders = [], checks = () => [] }: MountOptions = {}): Program =>
  async site => {
    const mounted = await program(site)
    const { l7: policy } = site
    if (!policy) return mounted
    // Fastify runs its first hook before it waits for anything, so the request in hand is the one this belongs to
    let current: RequestContext | undefined
    const metrics = createRouteMetrics()
    const options: L7PackOptions = {
      checks: [...packChecks(), ...checks(site)],
      policy,
      contextOf: () => current!,
      metrics,
      refusalHeaders,
      next: guarded(mounted.handler, site),
      log: site.log,
    }
    const enforce = createEnforcement(options)
    const app = fastify({ logger: false, frameworkErrors: (_error, request, reply) => enforce(request, reply) })
    await app.register(l7Pack, options)
    await app.ready()
    const route = app.routing as unknown as (...exchange: [Parameters<Handler>[0], Parameters<Handler>[1]]) => void
    return {
      handler(request, response, context) {
        if (policy() === undefined) return mounted.handler(request, response, context)
        current = context
        route(request, response)
      },
      l7: () => (policy() === undefined ? undefined : metrics.read()),
      async close() {
        await app.close()
        await mounted.close()
      },
    }
  }

/** The cheapest first: a flood is not to cost more than its count. */
const packChecks = (): readonly Check[] => {
  const limit = createRateLimit()
  return [
    (_request, { clientAddress }, { rate }) => {
      const wait = rate ? limit.take(clientAddress, rate) : 0
      if (wait === 0) return undefined
      const detail = `try again in ${wait} s`
      return { status: 429, name: 'rate-limited', detail, headers: ['retry-after', String(wait)] }
    },
    normalizeHeaders,
    (request, _context, { waf }) => {
      const broken = waf ? inspect(request.url ?? '/', request.rawHeaders) : undefined
      return broken && { status: 403, name: 'filtered', detail: `refused by rule ${broken.id}` }
    },
  ]
}
