import { matches } from '../chassis/policy.ts'
import type { Call } from '../chassis/program.ts'

/** Finds the callee of the first link, in the topology's order, that allows a request; undefined when none does. */
export const createRoutes = (calls: readonly Call[]) => {
  const routes = calls.flatMap(({ callee, allow }) =>
    allow.map(({ method, path }) => ({ callee, methods: [method], paths: [path] })),
  )
  return (method: string, target: string): string | undefined => {
    const query = target.indexOf('?')
    const path = query === -1 ? target : target.slice(0, query)
    return routes.find(route => matches(route, method, path))?.callee
  }
}
