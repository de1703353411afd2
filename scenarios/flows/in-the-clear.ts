import { linkIds } from '../../services/hops.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Watched } from './watched-probe.ts'

/**
 * Where a value of the probe can be read, by its class of data: workloads that find it in the bytes beside them with the
 * secrets of their own TLS sessions, and links where it stands on the wire as it is.
 */
export const inTheClear = ({ overheard, seen: { topology } }: Watched, name: string): string[] => {
  const { canary, raw, decrypted } = overheard
  const needle = canary.needles[name]
  if (needle === undefined) return []
  const links = linkIds(topology)
  const readable = links.filter(link => raw(link).includes(needle))
  const beside = (workload: string) => links.filter(link => link.split(':').includes(workload))
  const workloads = Object.keys(topology.workloads).filter(workload =>
    beside(workload).some(link => readable.includes(link) || decrypted(link, [workload]).includes(needle)),
  )
  return [...workloads, ...readable.map(linkTitle)]
}
