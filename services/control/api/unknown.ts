import { HopError } from '../../../pki/error.ts'
import { linkIds } from '../../hops.ts'
import { likely } from '../../nearest.ts'
import type { Topology } from '../../topology/topology.ts'

/** A name that is none of those there are; the nearest is told. */
export const unknown = (code: string, field: string, known: readonly string[], found: string) => {
  const meant = likely(found, known)
  return new HopError(code, {
    field,
    expected: known.join(', '),
    found: JSON.stringify(found.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}

/** A workload of the topology. Throws HopError `workload-unknown`. */
export const knownWorkload = ({ workloads }: Topology, name: string): string => {
  if (Object.hasOwn(workloads, name)) return name
  throw unknown('workload-unknown', 'workload', Object.keys(workloads), name)
}

/** A link of the topology, by its id. Throws HopError `link-unknown`. */
export const knownLink = (topology: Topology, id: string): string => {
  const ids = linkIds(topology)
  if (ids.includes(id)) return id
  throw unknown('link-unknown', 'link', ids, id)
}
