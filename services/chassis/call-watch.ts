import { forwardFailure } from './answer-status.ts'
import { type Dialled, dialledOf } from './dialled.ts'
import type { CallRecord, RequestRecord } from './observation.ts'
import type { RequestContext, Upstream } from './program.ts'
import { newSpanId } from './trace.ts'

const origin = performance.timeOrigin
const longestPath = 256
const micros = (ms: number): number => Math.round(ms * 1000) / 1000

/** Writes down one call onwards while it is on its way: the pool tells it what happens. */
export class CallWatch {
  readonly record: CallRecord
  private readonly began: number
  /** ms after `began`: a connection was there; the first byte of the answer was. */
  private got = 0
  private heard = 0

  constructor(link: string, method: string, target: string) {
    this.began = performance.now()
    const query = target.indexOf('?')
    const path = query < 0 ? target : target.slice(0, query)
    this.record = {
      spanId: newSpanId(),
      link,
      method,
      path: path.length > longestPath ? path.slice(0, longestPath) : path,
      began: origin + this.began,
    }
  }

  /** It is written now, as the `nth` on its connection; `facts` of that one's dial. */
  sent(facts: Dialled | undefined, nth: number): void {
    const { record } = this
    this.got = performance.now() - this.began
    record.nth = nth
    if (facts) record.connection = facts.id
    this.split(nth === 1 ? facts : undefined)
  }

  answered(): void {
    this.heard = performance.now() - this.began
    this.record.waitMs = micros(this.heard - this.got)
  }

  over(status: number): void {
    const { record } = this
    const took = performance.now() - this.began
    record.status = status
    record.bodyMs = micros(took - this.heard)
    record.durationMs = micros(took)
  }

  failed(error: unknown): void {
    const { record } = this
    if (record.durationMs !== undefined) return
    const took = performance.now() - this.began
    record.durationMs = micros(took)
    const { name, code } = forwardFailure(error)
    record.failure = { name, code }
    // it was sent, and this long nothing came back
    if (record.nth !== undefined && record.waitMs === undefined) record.waitMs = micros(took - this.got)
    const facts = typeof error === 'object' && error !== null ? dialledOf(error) : undefined
    if (!facts) return
    record.connection = facts.id
    this.got = took
    this.split(facts)
  }

  // a dial may have begun before this call, for another one: more than it waited it did not cost it
  private split(facts: Dialled | undefined): void {
    const { record, got } = this
    let left = got
    if (facts?.handshakeMs !== undefined) left -= record.handshakeMs = micros(Math.min(facts.handshakeMs, left))
    if (facts) left -= record.connectMs = micros(Math.min(facts.connectMs, left))
    record.queuedMs = micros(left)
  }
}

/**
 * Begins to watch a call for a request. None for what stays on a workload's own loopback (a sidecar and its application
 * are one hop): no identity is expected there.
 */
export const watchCall = (
  context: RequestContext,
  upstream: Pick<ReturnType<Upstream['spec']>, 'link' | 'id'>,
  method: string,
  target: string,
): CallWatch | undefined => {
  if (upstream.id === '') return undefined
  const watch = new CallWatch(upstream.link, method, target)
  context.calls.push(watch.record)
  return watch
}

/** Did the one request set off the other? The spans of its calls say so. */
export const setOff = (made: RequestRecord, called: RequestRecord): boolean =>
  made.traceId === called.traceId && (made.calls?.some(({ spanId }) => spanId === called.parentSpanId) ?? false)
