import type { L7Observations } from '../chassis/observation.ts'
import { patternOf } from '../chassis/policy.ts'
import type { Request, RequestContext } from '../chassis/program.ts'

/** Counts by route what the pack sees. A route is a method and the pattern that allowed it, never a path. */
export type RouteMetrics = {
  /** A request has come; its end is counted by itself. */
  watch(context: RequestContext, request: Request): void
  /** The pack turned a request away. */
  refused(context: RequestContext, name: string): void
  read(): L7Observations
}

/** Upper bounds in milliseconds; one more bucket takes what is slower. */
const latencyMs = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000]

/** More routes than a topology file can name on one workload's links; what comes after them is counted together. */
const mostRoutes = 128
const otherRoutes = 'other'

type Counts = L7Observations['routes'][number]

export const createRouteMetrics = (): RouteMetrics => {
  const routes = new Map<string, Counts>()
  const countsOf = (context: RequestContext): Counts => {
    const asked = context.route ?? otherRoutes
    const counted = routes.get(asked)
    if (counted) return counted
    const name = routes.size < mostRoutes ? asked : otherRoutes
    const known = routes.get(name)
    if (known) return known
    const counts: Counts = { route: name, status: {}, latency: new Array(latencyMs.length + 1).fill(0), refused: {} }
    routes.set(name, counts)
    return counts
  }
  const finished = (context: RequestContext, status: number, durationMs: number): void => {
    const counts = countsOf(context)
    const outcome = classes[Math.floor(status / 100)] ?? 'none'
    counts.status[outcome] = (counts.status[outcome] ?? 0) + 1
    const bucket = latencyMs.findIndex(bound => durationMs <= bound)
    counts.latency[bucket < 0 ? latencyMs.length : bucket]!++
  }
  return {
    watch(context, request) {
      context.route = routeOf(context, request)
      context.finished = finished
    },
    refused(context, name) {
      const { refused } = countsOf(context)
      refused[name] = (refused[name] ?? 0) + 1
    },
    read: () => structuredClone({ latencyMs, routes: [...routes.values()] }),
  }
}

/** By the hundreds of a status; 0 is none: the client went before there was an answer. */
const classes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

const routeOf = ({ rule }: RequestContext, { method = 'GET', url = '/' }: Request): string => {
  const pattern = rule && patternOf(rule, url)
  return pattern === undefined ? otherRoutes : `${method} ${pattern}`
}
