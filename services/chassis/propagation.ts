import type { RequestContext } from './program.ts'

/**
 * What every call onwards carries, as raw header pairs: the request id, the trace (W3C Trace Context; this hop's span
 * is the next one's parent) and the chain of addresses the request came through.
 */
export const propagatedHeaders = (context: RequestContext): string[] => [
  'x-request-id',
  context.requestId,
  'traceparent',
  `00-${context.traceId}-${context.spanId}-${context.traceFlags}`,
  'x-forwarded-for',
  context.forwardedFor.join(', '),
]
