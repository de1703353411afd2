import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import { sinceTime } from '../../services/control/measures/reach.ts'
import { hopsOf } from '../../services/hops.ts'
import type { Hop, Mode } from '../../services/modes.ts'
import { client, type Topology } from '../../services/topology/topology.ts'
import { presence } from '../flows/presence.ts'
import { recordsSince } from '../flows/records.ts'
import { reachedAt } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import type { Identity } from '../observed.ts'
import { type Reports, type Sighting, sightingsIn } from './sighting.ts'

type Carried = NonNullable<ConnectionRecord['transport']>

/** What was seen of one edge: connections by both ends, requests by the callee. */
export type ObservedEdge = {
  connections: number
  /** Turned away before any request, by either end; not among `connections`. */
  refused: number
  /** Why they were, by the failures' names. */
  refusedBecause: string[]
  requests: number
  /** Of those the ones that came on a connection which had carried one before. */
  reused: number
  /** Connections that resumed a session. */
  resumed: number
  transports: Carried[]
  protocols: string[]
  ciphers: string[]
  keyExchanges: string[]
  /** Whom the callee saw, and whom the caller saw. */
  callerSeen: Identity[]
  calleeSeen: Identity[]
  /** Until when the certificates last shown are good; ISO 8601. */
  callerExpires?: string
  calleeExpires?: string
  /** Why it is not mutual TLS; empty where it is. */
  because: string[]
  /** ISO 8601. */
  lastSeen: string
}

/** Who calls whom: what is meant, and what was seen. */
export type Edge = {
  link: string
  caller: string
  callee: string
  /** One of its ends is no workload and not the public: by what it says or comes from. */
  unknown: boolean
  /** Absent: nothing of that name is meant to be in this mode. */
  intended?: Carried
  /** Absent: nobody came by. */
  observed?: ObservedEdge
  /** Where the two differ, in words. */
  differs: string[]
}

export type Edges = {
  topology: string
  mode: Mode
  /** ISO 8601; null: all that is remembered. */
  since: string | null
  edges: Edge[]
  /** Workloads that could not be asked. */
  away: string[]
}

/** `since`: ms since the epoch, `all`; absent: since the present mode was reached. */
export const observeEdges = async (lab: LabClient, options: { since?: number | 'all' } = {}): Promise<Edges> => {
  const [{ mode }, { here, away }, reached] = await Promise.all([
    lab.state(),
    presence(lab),
    options.since === undefined ? reachedAt(lab) : null,
  ])
  const from = options.since === 'all' ? null : (options.since ?? reached)
  const since = from === null ? null : new Date(from).toISOString()
  const all = await recordsSince(lab, Object.fromEntries(here.map(name => [name, 0])))
  const reports = Object.fromEntries(Object.entries(all).map(([name, report]) => [name, sinceTime(report, since)]))
  const { topology } = lab
  return { topology: topology.name, mode, since, edges: edgesIn(topology, mode, reports), away }
}

/** The same of reports at hand: the mode's hops in their order, then whatever else was seen. */
export const edgesIn = (topology: Topology, mode: Mode, reports: Reports): Edge[] => {
  const hops = hopsOf(topology, mode)
  const sightings = Map.groupBy(sightingsIn({ topology, reports }), ({ link }) => link)
  const meant = hops.map(hop => edgeOf(topology, hop.link, hop, sightings.get(hop.link.id)))
  const others = [...sightings.values()]
    .filter(([first]) => !hops.some(({ link }) => link.id === first!.link))
    .map(seen => edgeOf(topology, { ...seen[0]!, id: seen[0]!.link }, undefined, seen))
    .sort((a, b) => (a.link < b.link ? -1 : 1))
  return [...meant, ...others]
}

type Named = { id: string; caller: string; callee: string }

const edgeOf = (topology: Topology, { id, caller, callee }: Named, hop: Hop | undefined, seen?: Sighting[]): Edge => {
  const isKnown = (name: string) => name === client || Object.hasOwn(topology.workloads, name)
  const intended = hop && (hop.spliced ? 'spliced' : hop.transport)
  // what passes unopened the edge alone calls that; where it is opened it is the client's own TLS
  const observed = seen && sum(seen, hop?.spliced && caller !== client ? 'spliced' : undefined)
  const unknown = !isKnown(caller) || !isKnown(callee)
  return {
    ...{ link: id, caller, callee, unknown },
    ...(intended ? { intended } : {}),
    ...(observed ? { observed } : {}),
    differs: differences({ intended, observed, unknown, caller, callee, isKnown }),
  }
}

type Compared = {
  intended: Carried | undefined
  observed: ObservedEdge | undefined
  unknown: boolean
  caller: string
  callee: string
  isKnown: (name: string) => boolean
}

const differences = ({ intended, observed, unknown, caller, callee, isKnown }: Compared): string[] => {
  if (!observed) return []
  const others = observed.transports.filter(transport => transport !== intended)
  const served = observed.connections > 0
  return [
    ...(unknown
      ? [`${isKnown(caller) ? callee : caller} is nobody of this topology${served ? '' : ', and was turned away'}`]
      : []),
    ...(!unknown && !intended && served ? ['nothing is meant to go this way in this mode'] : []),
    ...(intended && others.length > 0 ? [`meant to be ${intended}, seen as ${others.join(', ')}`] : []),
    ...(!unknown && observed.refused > 0 && observed.requests === 0
      ? [`nothing gets through: ${observed.refusedBecause.join(', ')}`]
      : []),
    ...(observed.calleeSeen.some(seen => seen.kind === 'anonymous' && seen.because === 'not-verified')
      ? ['the caller does not verify whom it talks to']
      : []),
  ]
}

const sum = (sightings: readonly Sighting[], spliced: 'spliced' | undefined): ObservedEdge => {
  const good = sightings.filter(({ connection }) => !connection.failure)
  const failed = sightings.filter(({ connection }) => connection.failure)
  const of = (side: Sighting['side'], some = good) => some.filter(sighting => sighting.side === side)
  const requests = good.flatMap(sighting => sighting.requests)
  const each = <Value>(pick: (record: ConnectionRecord) => Value | undefined) =>
    unique(good.flatMap(({ connection }) => pick(connection) ?? []))
  const callerSeen = peersOf(of('server'))
  const calleeSeen = peersOf(of('client'))
  const callerExpires = expiryOf(of('server'))
  const calleeExpires = expiryOf(of('client'))
  const transports = spliced ? [spliced] : each(({ transport }) => transport)
  const times = [...sightings.map(({ connection }) => connection.at), ...requests.map(({ at }) => at)].sort()
  return {
    // each connection has two ends; what both recorded is not two
    connections: Math.max(of('server').length, of('client').length),
    refused: Math.max(of('server', failed).length, of('client', failed).length),
    refusedBecause: unique(failed.flatMap(({ connection }) => connection.failure?.name ?? [])),
    requests: requests.length,
    reused: requests.filter(({ nth = 1 }) => nth > 1).length,
    resumed: of('server').filter(({ connection }) => connection.resumed).length,
    transports,
    protocols: each(({ protocol }) => protocol),
    ciphers: each(({ cipher }) => cipher),
    keyExchanges: each(({ keyExchange }) => keyExchange),
    ...{ callerSeen, calleeSeen },
    ...(callerExpires === undefined ? {} : { callerExpires }),
    ...(calleeExpires === undefined ? {} : { calleeExpires }),
    because: whyNotMutual(transports, callerSeen),
    lastSeen: times.at(-1)!,
  }
}

/** What the callee says of who called, else what the transport itself tells. */
const whyNotMutual = (transports: readonly Carried[], callerSeen: readonly Identity[]): string[] => {
  const said = unique(callerSeen.flatMap(seen => (seen.kind === 'anonymous' ? [seen.because as string] : [])))
  return said.length === 0 && transports.includes('spliced') ? ['passed through unopened'] : said
}

const peersOf = (sightings: readonly Sighting[]): Identity[] => {
  const peers = sightings.map(({ connection }): Identity => {
    const { peer } = connection
    if (!peer) return { kind: 'unseen' }
    return peer.kind === 'authenticated' ? { kind: 'authenticated', id: peer.id } : peer
  })
  return [...new Map(peers.map(peer => [JSON.stringify(peer), peer])).values()]
}

const expiryOf = (sightings: readonly Sighting[]): string | undefined => {
  const newest = sightings.toSorted((a, b) => (a.connection.at < b.connection.at ? 1 : -1))
  return newest.flatMap(({ connection: { peer } }) => (peer?.kind === 'authenticated' ? [peer.notAfter] : []))[0]
}

const unique = <Value>(values: readonly Value[]): Value[] => [...new Set(values)]
