import { type Hop, type Mode, modeTable } from './modes.ts'
import { reachableFrom } from './topology/graph.ts'
import { client, type Link, linkId, type Topology } from './topology/topology.ts'

/** The link the public client uses. Belongs to no workload's own links, so it is made here. */
export const clientLink = (topology: Topology, to: string = topology.ingress.edge): Link =>
  ingressLink(topology, client, to)

/** The second leg of a spliced connection: the edge carries the client's TLS to the workload that opens it. */
export const splicedLink = (topology: Topology): Link =>
  ingressLink(topology, topology.ingress.edge, topology.ingress.passthroughTo)

/** Every link id that can occur in some mode; what a route or a tap may be named after. */
export const linkIds = (topology: Topology): string[] => [
  ...new Set([clientLink(topology).id, ...topology.links.map(link => link.id), splicedLink(topology).id]),
]

/**
 * The hops of a topology in a mode, from the client inwards. A link has no hop where its caller is never reached:
 * under passthrough nothing enters through the edge's own links.
 */
export const hopsOf = (topology: Topology, mode: Mode): Hop[] => {
  const { ingress, inner } = modeTable[mode]
  const spliced = ingress === 'passthrough'
  const entry = spliced ? topology.ingress.passthroughTo : topology.ingress.edge
  const outer: Hop[] = [{ link: clientLink(topology), transport: 'tls', spliced }]
  if (spliced) outer.push({ link: splicedLink(topology), transport: 'tls', spliced })
  const reached = reachableFrom(
    entry,
    topology.links.map(({ caller, callee }) => ({ from: caller, to: callee })),
  )
  const links = topology.links.filter(link => reached.has(link.caller) && !outer.some(hop => hop.link.id === link.id))
  return [...outer, ...links.map(link => ({ link, transport: inner(link), spliced: false }))]
}

/** Those of them that a request takes which has none of the headers some links want: what is tried link by link. */
export const usualHopsOf = (topology: Topology, mode: Mode): Hop[] =>
  hopsOf(topology, mode).filter(({ link }) => link.when === undefined)

/** Where the client's TLS ends in a mode: the workload that holds the public name's certificate. */
export const entryOf = (topology: Topology, mode: Mode): string =>
  modeTable[mode].ingress === 'passthrough' ? topology.ingress.passthroughTo : topology.ingress.edge

const ingressLink = (topology: Topology, caller: string, callee: string): Link => {
  const { ingress, workloads, zones, data } = topology
  const zone = workloads[callee]?.zone
  return {
    id: linkId(caller, callee),
    caller,
    callee,
    data: ingress.data,
    allow: ingress.allow,
    crossesZone: workloads[caller]?.zone !== zone,
    intoSensitive: zone !== undefined && zones[zone]?.sensitive === true,
    carriesSecrets: ingress.data.some(name => data[name] === 'secret'),
  }
}
