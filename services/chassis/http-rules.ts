import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Problem } from './problem.ts'

/**
 * What a request must be before any program sees it, on top of what Node's strict parser refuses by itself.
 * Framing that two readers could understand differently is refused, never repaired (RFC 9112 §6.3, §11.2).
 */
export const refusalOf = (request: IncomingMessage): Problem | undefined => {
  const { rawHeaders, httpVersion, method } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return versionUnknown
  let host: string | undefined
  let length = false
  let chunked = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break
        if (host !== undefined) return hostTwice
        host = rawHeaders[i + 1]!
        break
      case 7:
        if (name.toLowerCase() === 'upgrade') return upgradeRefused
        break
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (length || !/^\d{1,15}$/.test(rawHeaders[i + 1]!)) return lengthUnclear
        length = true
        break
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break
        if (chunked || rawHeaders[i + 1]!.toLowerCase() !== 'chunked') return codingUnclear
        chunked = true
        break
    }
  }
  if (chunked && (length || httpVersion === '1.0')) return framingUnclear
  if (host === undefined ? httpVersion === '1.1' : !hostShape.test(host)) return hostUnclear
  return refusedMethod(method!) ?? refusedTarget(request, host)
}

/** The same for HTTP/2, where nghttp2 has already refused connection headers and bad field values (RFC 9113 §8.2). */
export const http2RefusalOf = (request: Http2ServerRequest): Problem | undefined => {
  const { authority, method } = request
  const host = request.headers.host
  const named = authority || host
  if (named === undefined || !hostShape.test(named)) return hostUnclear
  if (host !== undefined && host.toLowerCase() !== named.toLowerCase()) return hostTwice
  return refusedMethod(method) ?? (targetShape.test(request.url) ? undefined : targetUnclear)
}

/** What stands behind an error of Node's parser. Codes as of Node 24. */
export const parserRefusal = (code: string | undefined): Problem => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refuse(431, 'headers-too-large', 'the request headers are larger than this hop takes')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refuse(413, 'chunk-extensions-too-large', 'the chunk extensions are larger than this hop takes')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refuse(408, 'request-timeout', 'the request did not arrive in time')
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return lengthUnclear
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return codingUnclear
    case 'HPE_INVALID_CHUNK_SIZE':
      return refuse(400, 'bad-chunk', 'a chunk size is not a hexadecimal number')
    default:
      return refuse(400, 'bad-request', 'this is not a request by the rules of HTTP/1.1')
  }
}

const refuse = (status: number, name: string, detail: string): Problem => ({ status, name, detail })

const versionUnknown = refuse(505, 'version-not-spoken', 'HTTP/1.1, HTTP/1.0 and, over TLS, HTTP/2 are spoken here')
const hostTwice = refuse(400, 'host-ambiguous', 'the request names more than one host')
const hostUnclear = refuse(400, 'host-unclear', 'exactly one Host header with a host and an optional port is needed')
const upgradeRefused = refuse(400, 'upgrade-refused', 'no other protocol is offered on this connection')
const lengthUnclear = refuse(400, 'content-length-unclear', 'Content-Length must be one decimal number')
const codingUnclear = refuse(400, 'transfer-encoding-unclear', 'Transfer-Encoding must be exactly chunked')
const framingUnclear = refuse(400, 'framing-ambiguous', 'the end of the body is stated in two ways')
const targetUnclear = refuse(400, 'target-unclear', 'the request target must be a plain path and query')
const targetElsewhere = refuse(400, 'target-mismatch', 'the request target and the Host header name different hosts')
const methodRefused = refuse(405, 'method-refused', 'this method is not for a gateway')
const methodUnknown = refuse(501, 'method-unknown', 'this method is not implemented')

/** For the `connect` event, which never becomes a request. */
export const connectRefused = methodRefused

/** For the `checkExpectation` event: an Expect other than 100-continue (RFC 9110 §10.1.1). */
export const expectationRefused = refuse(417, 'expectation-unknown', 'only 100-continue can be expected')

/** A client that sends request after request without reading an answer. */
export const tooManyPipelined = refuse(429, 'too-many-pipelined', 'too many requests wait on this connection')

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

const refusedMethod = (method: string): Problem | undefined => {
  if (methods.has(method)) return undefined
  return method === 'CONNECT' || method === 'TRACE' ? methodRefused : methodUnknown
}

const hostShape = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

// RFC 3986 path and query, plus the few characters browsers leave unescaped in a query; never a backslash, fragment or byte above 0x7e
const targetShape =
  /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*(?:\?[\x21\x24-\x3b\x3d\x3f-\x5b\x5d-\x7e]*)?$/

const absoluteShape = /^https?:\/\/([^/?#]*)(.*)$/i

// absolute-form is for proxies, but servers must take it (RFC 9112 §3.2.2); it becomes origin-form here, once
const refusedTarget = (request: IncomingMessage, host: string | undefined): Problem | undefined => {
  const target = request.url!
  if (targetShape.test(target)) return undefined
  const absolute = absoluteShape.exec(target)
  if (!absolute) return targetUnclear
  const [, authority, rest] = absolute as unknown as [string, string, string]
  if (authority.toLowerCase() !== host?.toLowerCase()) return targetElsewhere
  const path = rest.startsWith('/') ? rest : `/${rest}`
  if (!targetShape.test(path)) return targetUnclear
  request.url = path
  return undefined
}
