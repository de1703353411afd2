import { isIdentityHeader, namedByConnection } from '../chassis/headers.ts'
import type { Request, RequestContext } from '../chassis/program.ts'
import type { Refusal } from './check.ts'

/** No honest header line is longer; all of them together are bounded by the chassis. */
export const mostHeaderBytes = 8192

/**
 * Puts a request's headers in order before anybody reads or forwards them, or says why that cannot be done. The chassis
 * has refused what frames or addresses a request in two ways, and on forwarding drops hop-by-hop and, at an ingress,
 * identity headers; whoever only receives has neither. The pack adds, wherever it is mounted: one line for each name,
 * no name with `_` (to many readers the same as `-`), nothing meant for one connection only, at an ingress nothing
 * about identity, no line above {@link mostHeaderBytes}, and the host in lower case without the default port.
 */
export const normalizeHeaders = (request: Request, context: RequestContext): Refusal | undefined => {
  const { rawHeaders, headers } = request
  let disorderly = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i + 1]!.length > mostHeaderBytes) return tooLarge
    disorderly ||= isDisorderly(rawHeaders[i]!, rawHeaders[i + 1]!, context)
  }
  let names = 0
  for (const _ in headers) names++
  if (disorderly || names * 2 !== rawHeaders.length) return tidy(request, context)
  return undefined
}

const isDisorderly = (name: string, value: string, { ingress, encrypted }: RequestContext): boolean => {
  const lower = name.toLowerCase()
  if (isHost(lower)) return value !== canonicalHost(value, encrypted)
  return isDropped(lower, ingress) || (lower === 'connection' && namedByConnection(value).length > 0)
}

const tidy = (request: Request, { ingress, encrypted }: RequestContext): Refusal | undefined => {
  const { rawHeaders, headers } = request
  const named = new Set(namedByConnection(String(headers.connection ?? '')))
  const lines = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const value = rawHeaders[i + 1]!
    const before = lines.get(name)
    if (isDropped(name, ingress) || named.has(name)) delete headers[name]
    else if (before === undefined) lines.set(name, isHost(name) ? canonicalHost(value, encrypted) : value)
    else if (!singletons.has(name)) lines.set(name, before + (name === 'cookie' ? '; ' : ', ') + value)
    else if (before !== value)
      return { ...{ status: 400, name: 'header-conflict' }, detail: `${name} is given twice, with different values` }
  }
  rawHeaders.length = 0
  for (const [name, value] of lines) {
    rawHeaders.push(name, value)
    headers[name] = value
  }
  return undefined
}

const tooLarge: Refusal = {
  ...{ status: 431, name: 'header-too-large' },
  detail: `a header line has more than ${mostHeaderBytes} bytes`,
}

/** Meant for one connection only (RFC 9110 §7.6.1), but for those that frame the body the program is about to read. */
const singleHop = new Set([
  ...['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'http2-settings'],
])

/** Fields that are no lists: two of them say two things (RFC 9110 §5.3). */
const singletons = new Set([
  ...['authorization', 'content-type', 'content-location', 'content-range', 'date', 'from', 'if-modified-since'],
  ...['if-range', 'if-unmodified-since', 'max-forwards', 'origin', 'referer', 'user-agent'],
  ...['traceparent', 'x-request-id', 'x-spiffe-id', 'x-user-assertion'],
])

const isDropped = (name: string, ingress: boolean): boolean =>
  name.includes('_') || singleHop.has(name) || (ingress && isIdentityHeader(name))

const isHost = (name: string): boolean => name === 'host' || name === ':authority'

const upperCase = /[A-Z]/

/** Lower case, without the port that the scheme implies (RFC 9110 §4.2.3). */
const canonicalHost = (host: string, encrypted: boolean): string => {
  const lower = upperCase.test(host) ? host.toLowerCase() : host
  const port = encrypted ? ':443' : ':80'
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower
}
