import { linkIds } from '../services/hops.ts'
import { client, type Topology } from '../services/topology/topology.ts'

/** One workload as something to be deployed: what it is, and whom it may meet on the network in any mode. */
export type Part = {
  name: string
  zone: string
  program: string
  /** Two processes beside each other: the program on loopback, and the sidecar that speaks for it. */
  sidecar: boolean
  /** The public dials it. */
  public: boolean
  callers: string[]
  callees: string[]
}

/**
 * The workloads in the order of the topology. Callers and callees are those of every mode together, because a lab is
 * switched while it runs: under passthrough the edge dials a workload that it dials in no other mode.
 */
export const partsOf = (topology: Topology): Part[] => {
  const links = linkIds(topology).map(id => id.split(':') as [caller: string, callee: string])
  return Object.values(topology.workloads).map(({ name, zone, program, sidecar }) => ({
    ...{ name, zone, program, sidecar },
    public: links.some(([caller, callee]) => caller === client && callee === name),
    callers: links.filter(([caller, callee]) => callee === name && caller !== client).map(([caller]) => caller),
    callees: links.filter(([caller]) => caller === name).map(([, callee]) => callee),
  }))
}
