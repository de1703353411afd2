import type { IncomingHttpHeaders } from 'node:http'
import { callerHeader } from '../chassis/policy.ts'
import type { RequestContext } from '../chassis/program.ts'
import { assertionHeader } from '../chassis/propagation.ts'
import { newSpanId, newTraceId, readTraceParent, requestIdFrom } from '../chassis/trace.ts'

/**
 * A request's context as the one other party on this loopback states it: a sidecar to its application, and back. An
 * application takes no span of its own, it goes on with its sidecar's: between them they are one hop.
 */
export const statedContext = (headers: IncomingHttpHeaders): RequestContext => {
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
  const trace = readTraceParent(text('traceparent'))
  const caller = text(callerHeader)
  const assertion = text(assertionHeader)
  const forwardedFor =
    text('x-forwarded-for')
      ?.split(',')
      .map(part => part.trim()) ?? []
  return {
    requestId: requestIdFrom(text('x-request-id')),
    traceId: trace?.traceId ?? newTraceId(),
    spanId: trace?.parentSpanId ?? newSpanId(),
    parentSpanId: undefined,
    traceFlags: trace?.flags ?? '01',
    forwardedFor,
    clientAddress: forwardedFor[0] ?? 'unknown',
    caller,
    callerBy: caller === undefined ? 'nobody' : 'header',
    encrypted: false,
    ingress: false,
    calls: [],
    ...(assertion === undefined ? {} : { assertion }),
  }
}
