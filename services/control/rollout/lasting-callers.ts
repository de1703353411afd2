import type { ConnectionRecord, Observations, RequestRecord } from '../../chassis/observation.ts'
import { decide } from '../../chassis/policy.ts'
import type { Transport } from '../../chassis/transport.ts'
import type { Topology } from '../../topology/topology.ts'
import { accountedCaller } from './accounted.ts'
import type { LastingCaller } from './guard-settings.ts'
import type { Posture } from './plan.ts'

/** What was seen, and what will be. */
export type Closing = {
  topology: Topology
  /** What each workload will accept and allow. */
  target: Record<string, Pick<Posture, 'accepts' | 'rules'>>
  /** What callees saw. */
  reports: Record<string, Observations>
  /** What callers recorded, read a little later: a caller's record of a request follows its callee's. Absent: `reports`. */
  accounts?: Record<string, Observations>
  /** Source addresses of the proxy that hands the public on unopened. */
  proxies?: readonly string[]
}

/**
 * Callers that are served now and would not be any more, and whom nobody moves: those of whose requests no workload's own
 * records know. The public is not among them: whatever the ingress does, it goes on asking for the public name.
 */
export const lastingCallers = ({
  topology,
  target,
  reports,
  accounts = reports,
  proxies = [],
}: Closing): LastingCaller[] =>
  Object.entries(reports).flatMap(([callee, { connections, requests }]) => {
    const known = new Map(connections.filter(({ side }) => side === 'server').map(each => [each.id, each]))
    const after = target[callee] ?? { accepts: [], rules: [] }
    const isPublic = (connection: ConnectionRecord | undefined) =>
      callee === topology.ingress.edge ||
      (connection?.serverName === topology.ingress.serverName &&
        (connection.proxiedBy !== undefined || proxies.includes(connection.remoteAddress ?? '')))
    const closing = requests.filter(
      request =>
        request.rule !== undefined &&
        !isPublic(known.get(request.connection)) &&
        !staysServed(request, transportOf(request, known), after),
    )
    const unaccounted = closing.filter(
      request => accountedCaller(callee, [request], { topology, reports: accounts }) === undefined,
    )
    return summed(callee, unaccounted, known)
  })

/** Of a connection that is no longer remembered only a proven caller tells; anybody else is taken for the worst. */
const transportOf = (
  { connection, callerBy }: RequestRecord,
  known: ReadonlyMap<string, ConnectionRecord>,
): Transport => {
  const transport = known.get(connection)?.transport
  if (transport === 'plaintext' || transport === 'tls' || transport === 'mtls') return transport
  return callerBy === 'certificate' ? 'mtls' : 'plaintext'
}

/** Who holds a certificate gets by without it where nobody asks for it, but then he is nobody. */
const staysServed = (
  { caller, method, path }: RequestRecord,
  transport: Transport,
  { accepts, rules }: Pick<Posture, 'accepts' | 'rules'>,
): boolean => {
  if (accepts.includes(transport)) return decide(rules, { caller, transport, method, path }).allowed
  const unasked = transport === 'mtls' && accepts.includes('tls')
  return unasked && decide(rules, { caller: undefined, transport: 'tls', method, path }).allowed
}

/** One line for each address, name and way; whoever was seen most comes first. */
const summed = (
  callee: string,
  requests: readonly RequestRecord[],
  known: ReadonlyMap<string, ConnectionRecord>,
): LastingCaller[] => {
  const groups = Map.groupBy(requests, request =>
    JSON.stringify([addressOf(request, known), request.caller, transportOf(request, known)]),
  )
  return [...groups.values()]
    .map(([first, ...more]): LastingCaller => {
      const all = [first!, ...more]
      return {
        callee,
        ...(first!.caller === undefined ? {} : { caller: first!.caller }),
        address: addressOf(first!, known),
        transport: transportOf(first!, known),
        requests: all.length,
        connections: new Set(all.map(({ connection }) => connection)).size,
        lastSeen: all.map(({ at }) => at).reduce((a, b) => (a > b ? a : b)),
      }
    })
    .sort((a, b) => b.requests - a.requests)
}

const addressOf = (
  { connection, clientAddress }: RequestRecord,
  known: ReadonlyMap<string, ConnectionRecord>,
): string => known.get(connection)?.remoteAddress ?? clientAddress ?? 'unknown'
