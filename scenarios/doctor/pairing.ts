import type { ConnectionRecord, HeldCertificate } from '../../services/chassis/observation.ts'
import type { Link } from '../../services/topology/topology.ts'
import { type End, skewOf } from './end.ts'
import type { Looked, Report } from './finding.ts'

/** Both ends' records of one connection may be so far apart, ms. */
const apartMs = 1_000

export type Look = Pick<Looked, 'reports' | 'topology' | 'trust' | 'now'>
type Records = Pick<Look, 'reports' | 'topology'>

/** A connection that failed, with whatever each end knows of it. `stranger`: its caller is nobody of the lab, as far as anybody can tell. */
export type Tried = { link: string; caller: End; callee: End; at: number; stranger: boolean }

/** Connections that failed since (ms), each once: the records of both ends put together. */
export const triedIn = (looked: Records, since: number): Tried[] => {
  const { topology, reports } = looked
  const taken = new Set<ConnectionRecord>()
  const recent = (report: Report | undefined) =>
    (report?.connections ?? []).filter(({ at, failure }) => failure !== undefined && Date.parse(at) >= since)
  const fromCallers = topology.links.flatMap(link =>
    recent(reports[link.caller])
      .filter(record => record.side === 'client' && record.link === link.id)
      .map((record): Tried => {
        const other = nearest(reports[link.caller], record, recent(reports[link.callee]), taken)
        if (other) taken.add(other)
        return pairOf(looked, link, record, other)
      }),
  )
  const fromCallees = Object.keys(topology.workloads).flatMap(callee =>
    recent(reports[callee])
      .filter(record => record.side === 'server' && !taken.has(record))
      .map((record): Tried => {
        const caller = holderOf(looked, record.peerKey)
        const link = caller && topology.links.find(one => one.caller === caller && one.callee === callee)
        if (link) return pairOf(looked, link, undefined, record)
        const at = Date.parse(record.at)
        const from: End = { name: caller ?? record.remoteAddress ?? 'somebody' }
        return {
          link: `${from.name}:${callee}`,
          caller: from,
          callee: endOf(looked, callee, { own: record, other: undefined, at }),
          at,
          stranger: caller === undefined,
        }
      }),
  )
  return [...fromCallers, ...fromCallees]
}

/** The callee's record that may be of the same connection: the nearest in time of those that do not contradict it. */
const nearest = (
  caller: Report | undefined,
  of: ConnectionRecord,
  records: ConnectionRecord[],
  taken: ReadonlySet<ConnectionRecord>,
) => {
  const away = (record: ConnectionRecord) => Math.abs(Date.parse(record.at) - Date.parse(of.at))
  const isHis = ({ peerKey }: ConnectionRecord) =>
    peerKey === undefined || caller?.held.some(({ key }) => key === peerKey)
  return records
    .filter(record => record.side === 'server' && !taken.has(record) && away(record) <= apartMs)
    .filter(record => isHis(record) && agree(of.failure, record.failure))
    .sort((a, b) => away(a) - away(b))[0]
}

type Failure = ConnectionRecord['failure']

/** Of one connection both ends seldom have a reason of their own. */
const agree = (a: Failure, b: Failure): boolean => a?.name === b?.name || !isReason(a) || !isReason(b)

const isReason = (failure: Failure): boolean =>
  failure !== undefined && failure.name !== 'connection-closed' && !failure.code.includes('_ALERT_')

const holderOf = ({ reports }: Records, key: string | undefined): string | undefined =>
  key === undefined
    ? undefined
    : Object.values(reports).find(report => report?.held.some(held => held.key === key))?.workload

const pairOf = (
  looked: Records,
  link: Link,
  caller: ConnectionRecord | undefined,
  callee: ConnectionRecord | undefined,
): Tried => {
  const at = Date.parse((caller ?? callee)!.at)
  return {
    link: link.id,
    caller: endOf(looked, link.caller, { own: caller, other: callee, at }),
    callee: endOf(looked, link.callee, { own: callee, other: caller, at }),
    at,
    stranger: false,
  }
}

type Seen = { own: ConnectionRecord | undefined; other: ConnectionRecord | undefined; at: number }

/** What a workload knows of itself, around its record of one connection. */
const endOf = ({ reports }: Records, name: string, { own, other, at }: Seen): End => {
  const report = reports[name]
  const held = report?.held.find(each => isShown(each, other?.peerKey, at))
  return {
    name,
    ...(own ? { record: own } : {}),
    ...(report?.clock ? { skewMs: skewOf(report.clock, report.asked, report.answered) } : {}),
    ...(report?.trust ? { trust: report.trust } : {}),
    ...(held ? { certificate: held } : {}),
  }
}

/** Is it this one that the other end was shown? Where that end cannot say, only if its dates explain the refusal. */
const isShown = (
  { key, kind, notBefore, notAfter }: HeldCertificate,
  shown: string | undefined,
  at: number,
): boolean =>
  shown === undefined ? kind === 'workload' && (at < Date.parse(notBefore) || at > Date.parse(notAfter)) : key === shown
