import type { RequestContext } from './program.ts'

/** Carries what an ingress vouches for the user. Set by the link itself, never copied from what came in. */
export const assertionHeader = 'x-user-assertion'

/**
 * What every call onwards carries, as raw header pairs: the request id, the trace (W3C Trace Context; the call's own span
 * is the next hop's parent), the chain of addresses the request came through, and what was vouched for its user.
 */
export const propagatedHeaders = (context: RequestContext, spanId: string): string[] => {
  const headers = [
    'x-request-id',
    context.requestId,
    'traceparent',
    `00-${context.traceId}-${spanId}-${context.traceFlags}`,
    'x-forwarded-for',
    context.forwardedFor.join(', '),
  ]
  if (context.assertion !== undefined) headers.push(assertionHeader, context.assertion)
  return headers
}
