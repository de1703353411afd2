import { copyRequestHeaders } from './headers.ts'
import type { Request, RequestContext } from './program.ts'
import { propagatedHeaders } from './propagation.ts'

/**
 * The raw header pairs of the request that goes on: this hop's own (ids, trace, addresses, caller, Via) and what of the
 * incoming ones may travel. `Host` is left to the pool: the next hop is addressed by its own name, the client's is in
 * X-Forwarded-Host, and no client chooses a server name for TLS.
 */
export const requestHeaders = (
  request: Request,
  context: RequestContext,
  callerHeaders: readonly string[],
  via: string,
  spanId: string,
): string[] => {
  const headers = propagatedHeaders(context, spanId)
  for (const part of callerHeaders) headers.push(part)
  headers.push('via', `${request.httpVersion} ${via}`)
  const stated = headers.length
  copyRequestHeaders(request.rawHeaders, context.ingress, headers, context.assertion !== undefined)
  if (context.ingress || !has(headers, stated, 'x-forwarded-proto'))
    headers.push('x-forwarded-proto', context.encrypted ? 'https' : 'http')
  if (context.ingress || !has(headers, stated, 'x-forwarded-host')) {
    const host = 'authority' in request ? request.authority || request.headers.host : request.headers.host
    if (host) headers.push('x-forwarded-host', host)
  }
  return headers
}

const has = (headers: readonly string[], from: number, name: string): boolean => {
  for (let i = from; i < headers.length; i += 2) if (headers[i] === name) return true
  return false
}
