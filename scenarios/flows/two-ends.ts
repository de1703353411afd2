import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import { type Attempt, attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { failed, outcome } from './evidence.ts'
import { isInner } from './hops.ts'

/** A workload at one end of a hop that an order takes: where something can be wrong with it. */
export type End = { hop: Hop; role: 'caller' | 'callee'; workload: string; peer: string }

/**
 * One caller, where the public enters, and one callee, the most sensitive there is. Where those are the two ends of one hop
 * the callee comes first: with both at fault it is the callee who is refused.
 */
export const twoEnds = (hops: readonly Hop[]): End[] => {
  const usual = hops.filter(({ link }) => link.when === undefined)
  const inner = usual.filter(isInner)
  // who calls somebody in turn fails in more ways than one
  const last = inner.filter(({ link }) => !inner.some(next => next.link.caller === link.callee))
  const target = last.find(({ link }) => link.intoSensitive) ?? last.at(-1)
  if (!target) return []
  const outer = usual.filter(hop => !isInner(hop))
  const byEntry = inner.filter(({ link }) => link.caller === outer.at(-1)?.link.callee)
  const callee: End = { hop: target, role: 'callee', workload: target.link.callee, peer: target.link.caller }
  const from = byEntry.includes(target) ? target : byEntry[0]
  if (!from) return [callee]
  const caller: End = { hop: from, role: 'caller', workload: from.link.caller, peer: from.link.callee }
  return from === target ? [callee, caller] : [caller, callee]
}

/** An order, from a client who does not look at certificates: what is put to the test is behind the edge. */
export const carelessOrder = (lab: LabClient): Promise<Attempt> => {
  const { serverName } = lab.topology.ingress
  const { method, path, body, headers } = freshCanary(lab.topology)
  return attempt({
    ...{ address: lab.access.edge, method, path, body, headers: { host: serverName, ...headers } },
    tls: { servername: serverName, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] },
  })
}

/** A failure as one end recorded it. */
export type SideSeen = Pick<ConnectionRecord, 'side' | 'at' | 'failure' | 'peerValidity'>

/** Milliseconds, by the clocks of those who recorded. */
export type Span = { from: number; to: number }
const always: Span = { from: 0, to: Number.POSITIVE_INFINITY }

/** What both ends of a hop recorded of a call that came to nothing; `served` where it came through. */
export type BothSides = { served: boolean; own?: SideSeen; peer?: SideSeen }

/** Reads it from the reports of both ends, of what they recorded within a span of time. */
export const bothSides = (reports: Record<string, Observations>, end: End, { from, to }: Span = always): BothSides => {
  const { callee, id } = end.hop.link
  const isThen = ({ at }: { at: string }) => Date.parse(at) >= from && Date.parse(at) <= to
  const own = failureOn(reports[end.workload], end, isThen)
  const peer = failureOn(reports[end.peer], end, isThen)
  const served = reports[callee]?.requests.some(request => request.rule === id && isThen(request)) ?? false
  return { served, ...(own ? { own } : {}), ...(peer ? { peer } : {}) }
}

type IsThen = (record: { at: string }) => boolean

const failureOn = (report: Observations | undefined, { hop }: End, isThen: IsThen): SideSeen | undefined => {
  const { caller, id } = hop.link
  const failures = report?.connections.filter(record => record.failure && isThen(record)) ?? []
  if (report?.workload !== caller) return failures.findLast(({ side }) => side === 'server')
  const refused = failures.findLast(({ side, link, peerKey }) => side === 'client' && link === id && peerKey)
  // a callee refuses after the handshake: to its caller a connection that was good has been closed under a request
  const broken = report.requests.findLast(request => request.failure && isThen(request))
  return refused ?? (broken && { side: 'client', at: broken.at, failure: broken.failure! })
}

export const nameOf = ({ role, workload, hop: { link } }: End): string => `${workload}, ${role} on ${link.id}`

/** What was tried at one end, and what came of it. */
export const endEvidence = (
  end: End,
  what: string,
  tried: Attempt,
  { own, peer }: Pick<BothSides, 'own' | 'peer'>,
): Evidence[] => [
  outcome(`an order while ${what}`, 'client', tried),
  ...(own ? [failed(`what ${end.workload} recorded`, end.workload, own)] : []),
  ...(peer ? [failed(`what ${end.peer} recorded`, end.peer, peer)] : []),
]
