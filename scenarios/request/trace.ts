import type { Span } from '../../services/chassis/span.ts'
import { spansOf } from '../../services/chassis/span.ts'
import { readUntil } from '../flows/patience.ts'
import type { LabClient } from '../lab-client.ts'
import { type Remembered, rememberedBy } from './remembered.ts'
import { requestUnknown } from './request-unknown.ts'
import { type Splice, spliceOf } from './splice.ts'

/** A span where it stands in its trace: `depth` 0 is the root. */
export type Placed = Span & { depth: number }

/** What all workloads together recorded of one trace. */
export type Trace = {
  traceId: string
  requestId: string
  /** ms since the epoch. */
  start: number
  end: number
  /** Each after its parent, siblings in order of time. */
  spans: Placed[]
  /** A proxy that passed the client's connection on unopened: it has no span. */
  splice?: Splice
  /** What does not fit together; empty: the trace is well formed. */
  flaws: string[]
  away: string[]
}

/** By trace id or request id. A record is written when its answer is gone: what is missing yet is waited for a little. */
export const readTrace = async (lab: LabClient, id: string): Promise<Trace> => {
  const remembered = await readUntil(
    () => rememberedBy(lab, id),
    found => found.requests.length > 0 && traceOf(found).flaws.length === 0,
  )
  return traceOf(remembered)
}

/** The same of what was read. Throws `request-unknown` where that is nothing. */
export const traceOf = (remembered: Remembered): Trace => {
  const { about, requests, connection } = remembered
  const [first] = requests
  if (!first) throw requestUnknown(about)
  const own = requests.filter(({ traceId }) => traceId === first.traceId)
  const spans = own.flatMap(request => spansOf(request.workload, request, id => connection(request.workload, id)))
  const splice = spliceOf(remembered, first)
  return {
    ...{ traceId: first.traceId, requestId: first.requestId },
    start: Math.min(...spans.map(({ start }) => start)),
    end: Math.max(...spans.map(({ end }) => end)),
    spans: placed(spans),
    ...(splice ? { splice } : {}),
    flaws: flawsIn(spans),
    away: about.away,
  }
}

const placed = (spans: readonly Span[]): Placed[] => {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const below = (parent: string | undefined, depth: number): Placed[] =>
    spans
      .filter(({ parentSpanId }) =>
        parent === undefined ? parentSpanId === undefined || !known.has(parentSpanId) : parentSpanId === parent,
      )
      .sort((a, b) => a.start - b.start)
      .flatMap(span => [{ ...span, depth }, ...below(span.spanId, depth + 1)])
  return below(undefined, 0)
}

/** Two processes' clocks, and the moment until the other end learns that all is sent, may differ by so much, ms. */
const toleratedMs = 50

/**
 * What is wrong with a trace: one root, every parent there, every id once, a server span for every call that was answered,
 * a call for every server span but the root, and no span outside its parent's time.
 */
export const flawsIn = (spans: readonly Span[]): string[] => {
  const byId = new Map(spans.map(span => [span.spanId, span]))
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined)
  const served = new Set(spans.flatMap(({ kind, parentSpanId }) => (kind === 'server' ? [parentSpanId] : [])))
  return [
    ...(roots.length === 1 ? [] : [`${roots.length} roots instead of one`]),
    ...(byId.size === spans.length ? [] : ['a span id is there twice']),
    ...spans.flatMap(span => {
      const { parentSpanId, kind } = span
      if (kind === 'client' && isAnswered(span) && !served.has(span.spanId))
        return [`${titleOf(span)} was answered, and its callee has no span`]
      if (parentSpanId === undefined) return []
      const parent = byId.get(parentSpanId)
      if (!parent) return [`${titleOf(span)} is an orphan: its parent ${parentSpanId} is nowhere`]
      if (parent.kind === kind) return [`${titleOf(span)} is the child of another ${kind} span`]
      return nests(span, parent) ? [] : [`${titleOf(span)} is not within the time of ${titleOf(parent)}`]
    }),
  ]
}

const isAnswered = ({ attributes }: Span): boolean => attributes['http.response.status_code'] !== undefined

const nests = (span: Span, parent: Span): boolean =>
  span.start >= parent.start - toleratedMs && span.end <= parent.end + toleratedMs

export const titleOf = ({ workload, kind, name, attributes }: Span): string =>
  kind === 'server' ? `${workload} ${name}` : `${workload} → ${attributes['server.address']} ${name}`
