import type { Dispatcher } from 'undici'
import { HopError } from '../../pki/error.ts'

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const unsafeTarget = /[^\x21-\x7e]/
// above 0xff too: written as latin1, U+010A would become a line feed
const unsafeValue = /[^\t\x20-\x7e\x80-\xff]/

/** Names by which a request would say how it is framed, or speak of its connection: that is said here, by nobody else. */
const own = new Set(['transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer'])

/** Methods whose requests say so when they have no body (RFC 9110 §8.6). */
const expectBody = new Set(['POST', 'PUT', 'PATCH'])

/** A request's head up to its last field, in latin1, and the length its `Content-Length` states. */
export type RequestHead = { text: string; length: number | undefined }

/**
 * Builds a head from raw pairs or an object. Throws `unsafe-request` rather than write what could be read as something
 * else (RFC 9112 §11.1).
 */
export const requestHead = ({ method, path, headers }: Dispatcher.DispatchOptions, host: string): RequestHead => {
  if (!token.test(method)) throw unsafe('method')
  if (path === '' || unsafeTarget.test(path)) throw unsafe('path')
  const pairs = Array.isArray(headers) ? (headers as string[]) : pairsOf(headers)
  let fields = ''
  let hosted = false
  let length: number | undefined
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!
    const value = pairs[i + 1]!
    if (!token.test(name) || unsafeValue.test(value)) throw unsafe(name)
    if (mayBeSpecial(name.length)) {
      const lower = name.toLowerCase()
      if (own.has(lower)) throw unsafe(name)
      if (lower === 'host') {
        if (hosted) throw unsafe(name)
        hosted = true
      } else if (lower === 'content-length') {
        if (length !== undefined || !/^\d{1,15}$/.test(value)) throw unsafe(name)
        length = Number(value)
        continue
      }
    }
    fields += `${name}: ${value}\r\n`
  }
  return { text: `${method} ${path} HTTP/1.1\r\n${hosted ? '' : `host: ${host}\r\n`}${fields}`, length }
}

/** The fields that tell where the body of `length` bytes (`undefined`: unknown; `none`: no body) ends, and the end of the head. */
export const framing = (method: string, length: number | undefined | 'none'): string => {
  if (length === undefined) return 'transfer-encoding: chunked\r\n\r\n'
  if (length === 'none') return expectBody.has(method) ? 'content-length: 0\r\n\r\n' : '\r\n'
  return `content-length: ${length}\r\n\r\n`
}

const unsafe = (field: string): HopError =>
  new HopError('unsafe-request', { field, message: `${JSON.stringify(field)} cannot be written into a request` })

// the lengths of `host`, `content-length` and the names in `own`: most others are spared the thorough look
const mayBeSpecial = (length: number): boolean =>
  length === 2 || length === 4 || length === 6 || length === 7 || length === 10 || length === 14 || length === 17

const pairsOf = (headers: Dispatcher.DispatchOptions['headers']): string[] => {
  const pairs: string[] = []
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, string | string[] | undefined>))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) pairs.push(name, String(one))
  return pairs
}
