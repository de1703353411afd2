import { type FailureName, failureNamed, failureNames } from '../../services/chassis/failures.ts'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { Cause } from '../doctor/cause.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { type Tried, triedIn } from '../doctor/pairing.ts'
import type { Ends, Remembered } from './remembered.ts'

/** What went wrong on a hop, why, and what to do: by the failure table, or by what both ends recorded. */
export type Trouble = {
  /** A name of the failure table, of the doctor, or of a refusal. */
  name: string
  /** The raw code, where there is one. */
  code?: string
  cause: string
  remedy: string
  /** Both ends' records of the connection that failed. */
  records?: { caller?: Recorded; callee?: Recorded }
}

/** A failed connection as one end wrote it down. */
export type Recorded = Pick<ConnectionRecord, 'at' | 'failure' | 'protocol' | 'peer' | 'peerValidity'>

type Known = { topology: Topology; remembered: Remembered }

/** Undefined where the hop did its work: a refusal that came from further in is that hop's. */
export const troubleOn = (known: Known, { told, made, caller, callee }: Ends): Trouble | undefined => {
  if (made?.failure) return uncalled(known, made.failure, { link: made.link, caller, callee, made })
  if (!told) return undefined
  const { denied, failure, status, calls = [] } = told
  if (denied !== undefined) return { name: 'denied-by-policy', cause: `${callee} denies it: ${denied}`, remedy: allow }
  if (calls.some(call => call.failure || (call.status ?? 0) >= 400)) return undefined
  if (failure) return named(failure, callee)
  if (status >= 400)
    return {
      name: `status-${status}`,
      cause: `the program of ${callee} answered ${status}`,
      remedy: 'look at what was asked for, and at its log under this id',
    }
  return undefined
}

const allow = 'call as a workload that may, or allow the call by a link of the topology'

type Failed = { name: string; code: string }

const named = ({ name, code }: Failed, where: string): Trouble => {
  const known = (failureNames as string[]).includes(name) ? failureNamed(name as FailureName, code) : undefined
  return {
    ...{ name, code },
    cause: known?.cause ?? `${where} refused it: ${name}`,
    remedy: known?.remedy ?? 'look at what was asked for; the answer says what was wrong with it',
  }
}

type Call = { link: string; caller: string; callee: string; made: NonNullable<Ends['made']> }

/** No answer came: what both ends recorded of the connection tells more than the caller's word alone. */
const uncalled = (known: Known, failure: Failed, call: Call): Trouble => {
  const tried = connectionBehind(known, call)
  const cause = tried && causeOf(known, tried)
  const records = tried && {
    caller: recorded(tried.caller.record ?? ofCall(call.made)),
    ...(tried.callee.record ? { callee: recorded(tried.callee.record) } : {}),
  }
  if (!cause) return { ...named(failure, call.callee), ...(records ? { records } : {}) }
  return { name: cause.name, code: failure.code, cause: cause.sentence, remedy: cause.remedy, records: records! }
}

/** The failed connection on the link around the call; the call's own, where it had one that failed. */
const connectionBehind = (known: Known, { link, made }: Call): Tried | undefined => {
  const from = made.began - 50
  const to = made.began + (made.durationMs ?? 0) + 500
  const tried = triedIn(looked(known), from).filter(each => each.link === link && each.at <= to)
  return (
    tried.find(({ caller }) => caller.record && [caller.record.id, caller.record.ended].includes(made.connection)) ??
    tried.sort((a, b) => Math.abs(a.at - made.began) - Math.abs(b.at - made.began))[0]
  )
}

/** The caller's word where its connection had been good: under TLS 1.3 a callee refuses after the handshake. */
const ofCall = ({ began, durationMs = 0, failure }: Call['made']): Partial<ConnectionRecord> => ({
  at: new Date(began + durationMs).toISOString(),
  ...(failure ? { failure } : {}),
})

const causeOf = ({ remembered }: Known, tried: Tried): Cause | undefined =>
  diagnose({ caller: tried.caller, callee: tried.callee, at: tried.at, authorities: remembered.authorities })

const looked = ({ topology, remembered }: Known): Parameters<typeof triedIn>[0] => {
  const { about, asked, answered } = remembered
  const reports = Object.entries(about.reports).map(([name, report]) => [name, { ...report, asked, answered }])
  return { topology, reports: Object.fromEntries(reports) }
}

const recorded = ({ at, failure, protocol, peer, peerValidity }: Partial<ConnectionRecord>): Recorded =>
  Object.fromEntries(
    Object.entries({ at, failure, protocol, peer, peerValidity }).filter(([, value]) => value !== undefined),
  ) as Recorded
