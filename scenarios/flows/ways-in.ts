import { concrete, hasBody } from '../../services/topology/calls.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { freshCanary } from '../tools/canary.ts'
import type { OutsiderRequest } from '../tools/outsider.ts'

/** Each request that the public may send, with fresh values: what the ingress allows, and what links want a header for. */
export const waysInto = (topology: Topology): OutsiderRequest[] => {
  const chosen = topology.links.flatMap(({ allow, when }) => (when ? allow.map(request => ({ ...request, when })) : []))
  return [...topology.ingress.allow.map(request => ({ ...request, when: {} })), ...chosen].map(
    ({ method, path, when }) => {
      const { headers, body } = freshCanary(topology)
      return {
        method,
        path: concrete(path),
        headers: { ...headers, ...when },
        ...(hasBody({ method }) ? { body } : {}),
      }
    },
  )
}
