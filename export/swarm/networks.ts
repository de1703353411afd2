import type { Topology } from '../../services/topology/topology.ts'
import type { Part } from '../parts.ts'

/** The operator's own network: control plane, wire and the hop command. No zone can have this name, for its underscore. */
export const operatorNetwork = 'operator_only'

/** What the taps towards a zone are called in it (HOP_WIRE). */
export const wireIn = (zone: string): string => `wire-${zone}`

/** The zones a workload has a place in: its own, and those of the workloads it calls. */
export const zonesOf = (topology: Topology, part: Part): string[] => [
  ...new Set([part.zone, ...part.callees.map(callee => topology.workloads[callee]!.zone)]),
]

/**
 * An overlay network for each zone, which leads out of the cluster nowhere: it crosses machines in IPsec. Only the zone of
 * the edge is open, since a port is published from there. The operator's can be joined by a container that is started by hand.
 */
export const networks = (topology: Topology): Record<string, object> => ({
  [operatorNetwork]: overlay({ internal: true, attachable: true }),
  ...Object.fromEntries(
    Object.keys(topology.zones).map(zone => [
      zone,
      overlay({ internal: zone !== topology.workloads[topology.ingress.edge]!.zone }),
    ]),
  ),
})

const overlay = (more: object) => ({ driver: 'overlay', driver_opts: { encrypted: '' }, ...more })
