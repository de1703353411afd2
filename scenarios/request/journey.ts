import { setOff } from '../../services/chassis/call-watch.ts'
import type { CallRecord, ConnectionRecord, RequestRecord } from '../../services/chassis/observation.ts'
import { client, linkId, type Topology } from '../../services/topology/topology.ts'
import { readUntil } from '../flows/patience.ts'
import type { LabClient } from '../lab-client.ts'
import type { Identity } from '../observed.ts'
import { type Ends, type Remembered, rememberedBy, type Told } from './remembered.ts'
import { requestUnknown } from './request-unknown.ts'
import { type Splice, spliceOf } from './splice.ts'
import { type Trouble, troubleOn } from './trouble.ts'

/** Where the time of a call went, ms; a phase that was not reached is absent. `bodyMs` ends with the last byte of the answer. */
export type Split = Pick<CallRecord, 'queuedMs' | 'connectMs' | 'handshakeMs' | 'waitMs' | 'bodyMs' | 'durationMs'>

/** One hop of a request, from what both ends recorded of it. What neither saw is absent. */
export type JourneyHop = {
  link: string
  caller: string
  callee: string
  /** 0 where the request came in. */
  depth: number
  method: string
  path: string
  transport?: ConnectionRecord['transport']
  protocol?: string
  cipher?: string
  keyExchange?: string
  /** `full` with certificates, `resumed` from an earlier session; absent where there was none. */
  handshake?: 'full' | 'resumed'
  /** Which request on its connection: from 2 on it was reused. */
  nth?: number
  /** Whom the callee saw, and whom the caller saw. */
  callerSeen?: Identity
  calleeSeen?: Identity
  /** Whom policy took the caller for, and why. */
  believed?: { caller?: string; by: RequestRecord['callerBy'] }
  /** What the callee's policy decided. */
  decision?: { allowed: true; rule: string } | { allowed: false; because: string }
  /** The answer as the callee gave it; absent where it had no request, 0 where its caller went before. */
  status?: number
  /** Between the request's coming and its answer's being gone, by the callee. */
  atCalleeMs?: number
  /** By the caller, for hops between workloads; of the public client's handshake the callee knows. */
  split?: Split
  /** Behind a sidecar: what the application answered, and how long it took. */
  application?: { status: number; durationMs: number }
  trouble?: Trouble
}

/** The whole story of one request, as all workloads together remember it. */
export type Journey = {
  topology: string
  requestId: string
  traceId: string
  /** ISO 8601. */
  at: string
  method: string
  path: string
  status: number
  durationMs: number
  hops: JourneyHop[]
  /** A proxy passed the client's connection on unopened: all it saw of it. */
  splice?: Splice
  /** The first cause: the innermost hop on which something went wrong. */
  failedOn?: string
  /** Workloads that could not be asked. */
  away: string[]
}

/** By request id or trace id. Throws `request-unknown` where nobody remembers it. */
export const readJourney = async (lab: LabClient, id: string): Promise<Journey> => {
  const remembered = await readUntil(
    () => rememberedBy(lab, id),
    ({ requests, about }) => requests.length > 0 || !mayStillCome(about.reports),
  )
  return journeyOf(lab.topology, remembered)
}

const mayStillCome = (reports: object): boolean => Object.keys(reports).length > 0

/** The same of what was read. */
export const journeyOf = (topology: Topology, remembered: Remembered): Journey => {
  const { about, requests } = remembered
  const entry = requests.find(one => !requests.some(other => setOff(other, one))) ?? requests[0]
  if (!entry) throw requestUnknown(remembered.about)
  const hops = hopsFrom({ topology, remembered }, entry, clientOf(entry), 0)
  const failed = hops.filter(({ trouble }) => trouble).sort((a, b) => b.depth - a.depth)[0]
  const splice = spliceOf(remembered, entry)
  const { requestId, traceId, at, method, path, status, durationMs } = entry
  return {
    ...{ topology: topology.name, requestId, traceId, at, method, path, status, durationMs, hops },
    ...(splice ? { splice } : {}),
    ...(failed ? { failedOn: failed.link } : {}),
    away: about.away,
  }
}

type Known = { topology: Topology; remembered: Remembered }

/** Who sent the first request: the public, or whoever called past it. */
const clientOf = ({ caller, ruleCaller }: Told): string => ruleCaller ?? caller?.replace(/^.*\//, '') ?? client

/** This request's hop, then those of the calls it set off, depth first. */
const hopsFrom = (known: Known, told: Told, caller: string, depth: number, made?: CallRecord): JourneyHop[] => {
  const hop = hopOf(known, { told, caller, callee: told.workload, made, by: made && caller }, depth)
  return [hop, ...callsOf(known, told, depth + 1)]
}

const callsOf = (known: Known, told: Told, depth: number): JourneyHop[] =>
  (told.calls ?? []).flatMap(made => {
    const { requests } = known.remembered
    const got = requests.find(({ parentSpanId, traceId }) => parentSpanId === made.spanId && traceId === told.traceId)
    const callee = made.link.slice(made.link.indexOf(':') + 1)
    return got
      ? hopsFrom(known, got, told.workload, depth, made)
      : [hopOf(known, { caller: told.workload, callee, made, by: told.workload }, depth)]
  })

const hopOf = (known: Known, ends: Ends, depth: number): JourneyHop => {
  const { told, made, caller, callee, by } = ends
  const { remembered } = known
  const server = told && remembered.connection(callee, told.connection)
  const from =
    by === undefined || made?.connection === undefined ? undefined : remembered.connection(by, made.connection)
  const seen = server ?? from
  const { method, path } = told ?? made!
  const trouble = troubleOn(known, ends)
  const inside = told && remembered.application(callee, told.spanId)
  return {
    ...{ link: made?.link ?? linkId(caller, callee), caller, callee, depth, method, path },
    ...some({
      ...{ transport: seen?.transport, protocol: seen?.protocol, cipher: seen?.cipher },
      keyExchange: from?.keyExchange,
      handshake: seen?.protocol === undefined ? undefined : seen.resumed ? ('resumed' as const) : ('full' as const),
      ...{ nth: told?.nth ?? made?.nth, callerSeen: server?.peer, calleeSeen: from?.peer },
      believed: told && { ...some({ caller: told.caller }), by: told.callerBy },
      decision: told && decisionOf(told),
      ...{ status: told?.status, atCalleeMs: told?.durationMs },
      split: made ? splitOf(made) : clientsHandshake(told, server),
      application: inside && { status: inside.status, durationMs: inside.durationMs },
      trouble,
    }),
  }
}

const decisionOf = ({ rule, denied }: RequestRecord): JourneyHop['decision'] => {
  if (denied !== undefined) return { allowed: false, because: denied }
  return rule === undefined ? undefined : { allowed: true, rule }
}

/** What its connection cost the public client, as the callee timed it: the first request on it alone. */
const clientsHandshake = (told: Told | undefined, server: ConnectionRecord | undefined): Split | undefined =>
  told?.nth === 1 && server?.handshakeMs !== undefined ? { handshakeMs: server.handshakeMs } : undefined

const splitOf = ({ queuedMs, connectMs, handshakeMs, waitMs, bodyMs, durationMs }: CallRecord): Split =>
  some({ queuedMs, connectMs, handshakeMs, waitMs, bodyMs, durationMs })

/** Leaves out what was not observed. */
const some = <Fields extends Record<string, unknown>>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>
  }
