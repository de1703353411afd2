import type { Call } from '../chassis/program.ts'
import type { Topology } from './topology.ts'

const methodsWithBody = ['POST', 'PUT', 'PATCH']

/** Can this request carry data in a body? */
export const hasBody = ({ method }: { method: string }): boolean => methodsWithBody.includes(method)

/** The links of a workload as its program sees them, in the order of the file (`Site.calls`). */
export const callsOf = (topology: Pick<Topology, 'links'>, workload: string): Call[] =>
  topology.links
    .filter(link => link.caller === workload)
    .map(({ callee, data, allow, when }) => {
      const first = allow.find(hasBody) ?? allow[0]!
      const call = { callee, method: first.method, path: concrete(first.path), data, allow }
      return when ? { ...call, when } : call
    })

/** A path that the pattern allows: `/records/*` becomes `/records/1`. */
export const concrete = (pattern: string): string => (pattern.endsWith('/*') ? `${pattern.slice(0, -1)}1` : pattern)
