import type { ConnectionRecord, Observations, RequestRecord } from '../../services/chassis/observation.ts'
import { accountedCaller } from '../../services/control/rollout/accounted.ts'
import { isWithin } from '../../services/topology/sidecars.ts'
import { client, linkId, type Topology } from '../../services/topology/topology.ts'

export type Reports = Record<string, Observations>

/** One connection as one of its ends recorded it, under the link it belongs to. */
export type Sighting = {
  link: string
  caller: string
  callee: string
  side: 'server' | 'client'
  connection: ConnectionRecord
  /** Requests that came on it; of the callee's side only. */
  requests: RequestRecord[]
}

type Known = { topology: Topology; reports: Reports }

/**
 * Every connection in these reports but those to the control plane, with who it was with; an end that nobody can name goes
 * by its address.
 */
export const sightingsIn = (known: Known): Sighting[] =>
  Object.values(known.reports).flatMap(report => {
    const management = linkId(report.workload, 'control')
    const byConnection = Map.groupBy(report.requests, ({ connection }) => connection)
    return (
      report.connections
        // what ended a good connection, or was refused on one, is no connection of its own
        .filter(({ ended, requestId, link }) => ended === undefined && requestId === undefined && link !== management)
        .flatMap(connection =>
          connection.side === 'client'
            ? calledOut(known, report, connection)
            : [calledIn(known, report, connection, byConnection.get(connection.id) ?? [])],
        )
    )
  })

const calledOut = ({ topology }: Known, { workload }: Observations, connection: ConnectionRecord): Sighting[] => {
  const { link } = connection
  if (link === undefined || isWithin(topology, workload, link)) return []
  return [{ link, caller: workload, callee: link.slice(workload.length + 1), side: 'client', connection, requests: [] }]
}

const calledIn = (
  known: Known,
  { workload: callee }: Observations,
  connection: ConnectionRecord,
  requests: RequestRecord[],
): Sighting => {
  const caller = callerOf(known, callee, connection, requests)
  return { link: linkId(caller, callee), caller, callee, side: 'server', connection, requests }
}

/** By proof, by the requests it made, or by what it came for; else only an address is known. */
const callerOf = (known: Known, callee: string, connection: ConnectionRecord, requests: RequestRecord[]): string => {
  const { topology, reports } = known
  const { peer, peerKey, transport, remoteAddress = 'unknown' } = connection
  const { edge } = topology.ingress
  if (transport === 'spliced' || callee === edge) return client
  if (peer?.kind === 'authenticated') {
    const name = peer.id.replace(/^.*\//, '')
    return Object.hasOwn(topology.workloads, name) ? name : peer.id
  }
  if (cameThrough(known, callee, connection)) return edge
  const accounted = accountedCaller(callee, requests, { topology, reports })
  if (accounted !== undefined) return accounted
  const holder = Object.values(reports).find(({ held }) => held.some(({ key }) => key === peerKey))
  return holder?.workload ?? remoteAddress
}

/** A proxy and its callee record a connection so close to each other, ms. */
const togetherMs = 1_000

/** The public's own TLS, as far as the edge says that it passed it on. */
const cameThrough = ({ topology, reports }: Known, callee: string, { serverName, proxiedBy, at }: ConnectionRecord) => {
  if (proxiedBy !== undefined) return true
  if (serverName !== topology.ingress.serverName) return false
  const passed = reports[topology.ingress.edge]?.connections ?? []
  return passed.some(
    ({ transport, link, at: then }) =>
      transport === 'spliced' &&
      link === linkId(topology.ingress.edge, callee) &&
      Math.abs(Date.parse(then) - Date.parse(at)) <= togetherMs,
  )
}
