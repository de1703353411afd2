import { spiffeId } from '../../pki/spiffe.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { usualHopsOf } from '../../services/hops.ts'
import { type Hop, modes } from '../../services/modes.ts'
import { concrete, hasBody } from '../../services/topology/calls.ts'
import { client, type Link, type Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import type { Canary } from '../tools/canary.ts'

/** The public client's own hop. */
export const isClients = ({ link }: Hop): boolean => link.caller === client

/** Between two workloads, each with its own end of the transport. */
export const isInner = (hop: Hop): boolean => !hop.spliced && !isClients(hop)

export const idOf = ({ trustDomain }: Topology, workload: string): string => spiffeId(trustDomain, workload)

/** The first request the link allows that can carry data, with what of the canary the link carries. */
export const requestOn = ({ allow, data }: Link, { body, headers }: Canary) => {
  const { method, path } = allow.find(hasBody) ?? allow[0]!
  const carried = Object.fromEntries(Object.entries(body).filter(([name]) => data.includes(name)))
  return {
    method,
    path: concrete(path),
    ...(hasBody({ method }) ? { body: carried } : {}),
    ...(data.includes('token') ? { headers } : {}),
  }
}

/** A workload that no link lets call this callee; undefined where everybody may. */
export const strangerTo = ({ workloads, links, ingress }: Topology, callee: string): string | undefined => {
  const callers = links.filter(link => link.callee === callee).map(link => link.caller)
  const others = Object.keys(workloads).filter(name => name !== callee && !callers.includes(name))
  return others.findLast(name => name !== ingress.edge) ?? others[0]
}

/** Where a workload itself listens, past the wire. */
export const listeningAt = async (lab: LabClient, workload: string): Promise<Address> => {
  const { workloads } = await lab.state()
  const address = workloads.find(({ name }) => name === workload)?.address
  if (!address) throw new Error(`${workload} is not listening`)
  return address
}

/** The workload on the way from the edge to the service where the client's TLS would end under passthrough; undefined without one. */
export const gatewayOf = ({ ingress, links }: Topology): string | undefined => {
  const next = (from: string): string[] => links.filter(({ caller }) => caller === from).map(({ callee }) => callee)
  const leads = (from: string): boolean => from === ingress.passthroughTo || next(from).some(leads)
  return next(ingress.edge).find(name => name !== ingress.passthroughTo && leads(name))
}

/** Why nothing can be tried between workloads: undefined where some mode has a hop between two of them. */
export const nobodyCalls = (topology: Topology): string | undefined =>
  modes.every(mode => usualHopsOf(topology, mode).some(isInner)) ? undefined : 'in some mode no workload calls another'
