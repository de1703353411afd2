import type { ConnectionRecord, Observations, RequestRecord } from '../../chassis/observation.ts'
import type { Transport } from '../../chassis/transport.ts'
import { hopsOf } from '../../hops.ts'
import type { Mode } from '../../modes.ts'
import { isWithin } from '../../topology/sidecars.ts'
import { linkId, type Topology } from '../../topology/topology.ts'
import { accountedCaller } from '../rollout/accounted.ts'

/**
 * Plaintext between two ends, as they recorded it. An end that is no workload of the topology goes by its address, or
 * by the name a workload calls it by.
 */
export type PlaintextSeen = {
  link: string
  caller: string
  callee: string
  /** Zones of both ends; null: nobody knows. */
  zones: { caller: string | null; callee: string | null }
  /** An end without a zone may be anywhere: that counts as crossed. */
  crossesZone: boolean
  /** Is this link meant to be plaintext in the present mode? */
  declared: boolean
  /** What this link is meant to be then; null: there is none of that name, or nothing takes it in this mode. */
  intended: Transport | null
  connections: number
  /** Connections the callee turned away because it speaks TLS; the caller's first bytes were on the wire all the same. */
  refused: number
  requests: number
  /** Data classes of the link as declared, or of the requests it made; null: nobody knows. */
  data: string[] | null
  /** ISO 8601. */
  lastSeen: string
}

type Sight = Pick<PlaintextSeen, 'link' | 'caller' | 'callee'> & {
  side: 'caller' | 'callee'
  at: string
  refused: boolean
  requests: RequestRecord[]
}

export type Looked = { topology: Topology; mode: Mode; reports: Record<string, Observations> }

/** Every plaintext connection in these reports, by link. What is plaintext is read from records, never from configuration. */
export const plaintextSeen = (looked: Looked): PlaintextSeen[] => {
  const sights = Object.values(looked.reports).flatMap(report => [
    ...calledOut(report, looked),
    ...calledIn(report, looked),
  ])
  const links = [...new Set(sights.map(({ link }) => link))]
  return links.map(link => sum(sights.filter(sight => sight.link === link) as [Sight, ...Sight[]], looked))
}

/** The caller's end: it knows what it calls whom. */
const calledOut = ({ workload, connections }: Observations, { topology }: Looked): Sight[] =>
  connections
    .filter(({ side, transport, link }) => side === 'client' && transport === 'plaintext' && link !== undefined)
    .filter(({ link = '' }) => !isWithin(topology, workload, link))
    .map(({ link = '', at }) => {
      const callee = link.slice(workload.length + 1)
      return { link, caller: workload, callee, side: 'caller', at, refused: false, requests: [] }
    })

/** The callee's end: it knows an address, and what was asked for. */
const calledIn = (report: Observations, looked: Looked): Sight[] => {
  const carried = Map.groupBy(report.requests, ({ connection }) => connection)
  return report.connections
    .filter(({ side, transport, failure }) => side === 'server' && (transport === 'plaintext' || isTurnedAway(failure)))
    .map(connection => {
      const { workload: callee } = report
      const requests = carried.get(connection.id) ?? []
      const caller = accountedCaller(callee, requests, looked) ?? connection.remoteAddress ?? 'unknown'
      const last = [connection.at, ...requests.map(({ at }) => at)].sort().at(-1)!
      const refused = connection.transport === undefined
      return { link: linkId(caller, callee), caller, callee, side: 'callee', at: last, refused, requests }
    })
}

const isTurnedAway = (failure: ConnectionRecord['failure']): boolean => failure?.name === 'plaintext-to-tls'

const sum = (sights: [Sight, ...Sight[]], { topology, mode }: Looked): PlaintextSeen => {
  const { link, caller, callee } = sights[0]
  const zoneOf = (name: string) => topology.workloads[name]?.zone ?? null
  const zones = { caller: zoneOf(caller), callee: zoneOf(callee) }
  const known = topology.links.find(({ id }) => id === link)
  const hop = hopsOf(topology, mode).find(candidate => candidate.link.id === link)
  const requests = sights.flatMap(sight => sight.requests)
  const asked = requests.flatMap(({ rule }) => topology.links.find(({ id }) => id === rule)?.data ?? [])
  const connectionsOf = (side: Sight['side']) => sights.filter(sight => sight.side === side).length
  return {
    ...{ link, caller, callee, zones },
    crossesZone: zones.caller === null || zones.callee === null || zones.caller !== zones.callee,
    declared: hop?.transport === 'plaintext',
    intended: hop?.transport ?? null,
    // each connection has two ends; what both recorded is not two
    connections: Math.max(connectionsOf('caller'), connectionsOf('callee')),
    refused: sights.filter(({ refused }) => refused).length,
    requests: requests.length,
    data: known ? [...known.data] : asked.length > 0 ? [...new Set(asked)] : null,
    lastSeen: sights
      .map(({ at }) => at)
      .sort()
      .at(-1)!,
  }
}
