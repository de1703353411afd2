import { matches } from '../chassis/policy.ts'
import type { Call, Request } from '../chassis/program.ts'

/** What of a request its way depends on. */
export type Routed = Pick<Request, 'method' | 'url'> & { headers: Record<string, string | string[] | undefined> }

/**
 * Finds the callee of the first link that allows a request; undefined when none does. Links that want a header come
 * before those that want none, each in the topology's order.
 */
export const createRoutes = (calls: readonly Call[]) => {
  const wanting = calls.filter(({ when }) => when !== undefined)
  const others = calls.filter(({ when }) => when === undefined)
  const routes = [...wanting, ...others].flatMap(({ callee, allow, when }) =>
    allow.map(({ method, path }) => ({ callee, methods: [method], paths: [path], when: Object.entries(when ?? {}) })),
  )
  return ({ method = '', url = '', headers }: Routed): string | undefined => {
    const query = url.indexOf('?')
    const path = query === -1 ? url : url.slice(0, query)
    return routes.find(
      route => matches(route, method, path) && route.when.every(([name, value]) => headers[name] === value),
    )?.callee
  }
}
