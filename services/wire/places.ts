import type { Address } from '../chassis/transport.ts'
import { linkIds } from '../hops.ts'
import type { Topology } from '../topology/topology.ts'

/**
 * Where the tap of each link is: one port after the other from the first, in the order of `linkIds`. `{zone}` in the host is
 * the zone of the link's callee, so that a tap can be where its callee is and nowhere else.
 */
export const tapPlaces = (topology: Topology, first: Address): Record<string, Address> =>
  Object.fromEntries(
    linkIds(topology).map((link, i) => [link, { host: hostFor(topology, link, first), port: first.port + i }]),
  )

/** The host alone; of a link whose callee came later than the topology, by its caller's zone, the public's being the edge's. */
export const hostFor = ({ workloads, ingress }: Topology, link: string, { host }: Address): string => {
  const [caller = '', callee = ''] = link.split(':')
  return host.replace('{zone}', (workloads[callee] ?? workloads[caller] ?? workloads[ingress.edge])?.zone ?? '')
}

/** Where the callee of each link is; `{workload}` in the host is its name. */
export const calleePlaces = (topology: Topology, pattern: Address): Record<string, Address> =>
  Object.fromEntries(
    linkIds(topology).map(link => [
      link,
      { ...pattern, host: pattern.host.replace('{workload}', link.split(':')[1] ?? '') },
    ]),
  )
