import type { Address } from '../chassis/transport.ts'
import { linkIds } from '../hops.ts'
import { client, type Topology } from '../topology/topology.ts'

/**
 * Where the tap of each link is: one port after the other from the first, in the order of `linkIds`. `{zone}` in the host is
 * the zone of the link's callee, so that a tap can be where its callee is and nowhere else.
 */
export const tapPlaces = (topology: Topology, first: Address): Record<string, Address> =>
  Object.fromEntries(
    linkIds(topology).map((link, i) => {
      const zone = topology.workloads[calleeOf(link)]?.zone ?? ''
      return [link, { host: first.host.replace('{zone}', zone), port: first.port + i }]
    }),
  )

/** Where the callee of each link is; `{workload}` in the host is its name. */
export const calleePlaces = (topology: Topology, pattern: Address): Record<string, Address> =>
  Object.fromEntries(
    linkIds(topology).map(link => [link, { ...pattern, host: pattern.host.replace('{workload}', calleeOf(link)) }]),
  )

const calleeOf = (link: string): string => link.split(':')[1] ?? client
