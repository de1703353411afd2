import { isHandshakeFailure } from '../../chassis/handshake-failures.ts'
import type { ConnectionRecord, Observations } from '../../chassis/observation.ts'
import { linkId, type Topology } from '../../topology/topology.ts'

/** One handshake on a link between workloads, as the end that judged the other recorded it. */
export type Handshake = {
  link: string
  /** ISO 8601. */
  at: string
  /** Absent: it succeeded. */
  cause?: string
  seenBy: string
}

type Reports = Readonly<Record<string, Observations>>

/**
 * The handshakes on the topology's links, oldest first. A caller's record names the link. A callee that refuses does not
 * know which link it is: the certificate it was shown tells, as the caller's record of the same connection has it. Under
 * mutual TLS a caller's success is only half of one, for the callee judges after it.
 */
export const handshakesOn = ({ links }: Topology, reports: Reports): Handshake[] => {
  const known = new Set(links.map(({ id }) => id))
  const shown = callersByKey(reports, known)
  return Object.values(reports)
    .flatMap(report => [...asCaller(report, known), ...asCallee(report, shown, known)])
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

const asCaller = ({ workload, connections }: Observations, known: ReadonlySet<string>): Handshake[] =>
  connections
    .filter(({ side, link }) => side === 'client' && link !== undefined && known.has(link))
    .filter(({ failure, transport }) => (failure ? isOfHandshake(failure) : transport === 'tls'))
    .map(({ link = '', at, failure }) => ({
      ...{ link, at, seenBy: workload },
      ...(failure ? { cause: failure.name } : {}),
    }))

const asCallee = (
  { workload, connections }: Observations,
  shown: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): Handshake[] =>
  connections
    .filter(
      ({ side, failure, transport }) => side === 'server' && (failure ? isOfHandshake(failure) : transport === 'mtls'),
    )
    .flatMap(({ peerKey = '', at, failure }) => {
      const caller = shown.get(peerKey)
      const link = caller === undefined ? '' : linkId(caller, workload)
      return known.has(link) ? [{ link, at, seenBy: workload, ...(failure ? { cause: failure.name } : {}) }] : []
    })

/** Whose certificate has which key: what callers recorded to have shown, and what they hold now. */
const callersByKey = (reports: Reports, known: ReadonlySet<string>): ReadonlyMap<string, string> =>
  new Map(
    Object.values(reports).flatMap(({ workload, connections, held }) => [
      ...connections
        .filter(({ side, link = '', localKey }) => side === 'client' && known.has(link) && localKey !== undefined)
        .map(({ localKey = '' }) => [localKey, workload] as const),
      ...held.map(({ key }) => [key, workload] as const),
    ]),
  )

const isOfHandshake = ({ name }: NonNullable<ConnectionRecord['failure']>): boolean => isHandshakeFailure(name)
