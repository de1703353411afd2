import { HopError } from '../../pki/error.ts'

/** Fields by lower-case name; what came several times is a list. */
export type Fields = Record<string, string | string[]>

/** What a callee said before the body of its answer. */
export type ResponseHead = {
  status: number
  reason: string
  /** Names and values in turn, as they came. */
  raw: string[]
  headers: Fields
  /** Length of the body in bytes, or how else its end is found. */
  body: number | 'chunked' | 'until-close'
  /** May the connection carry another request? */
  persistent: boolean
  /** For how long the callee says it keeps an idle connection, in ms. */
  keepAliveMs: number | undefined
}

/** Bounds of an answer's head and of its trailers. */
export const headLimits = { bytes: 16_384, fields: 200 }

/** An answer by which nobody could tell for sure what was said; `why` is for the log. */
export const badResponse = (why: string): HopError => new HopError('bad-response', { message: why })

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n/
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const unprintable = /[\0-\x08\x0a-\x1f\x7f]/
const close = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i
const timeout = /(?:^|,)[ \t]*timeout=(\d{1,6})[ \t]*(?:,|$)/i

/**
 * Reads a head strictly (RFC 9112 §4, §5, §6.3): `text` is all of it in latin1, each line with its CRLF, without the
 * empty one. No folded or blank-padded names, no bare CR or LF, and an end of the body that is stated once.
 */
export const readHead = (text: string, method: string): ResponseHead => {
  const line = statusLine.exec(text)
  if (!line) throw badResponse('the answer does not begin with a status line of HTTP/1.0 or HTTP/1.1')
  const status = Number(line[2])
  const raw: string[] = []
  const headers = readFields(text, line[0].length, raw)
  const { connection, 'keep-alive': keepAlive } = headers
  const body = framingOf(headers, status, method, line[1]!)
  return {
    status,
    reason: line[3] ?? '',
    raw,
    headers,
    body,
    persistent:
      line[1] === '1' &&
      body !== 'until-close' &&
      (connection === undefined || !close.test(String(connection))) &&
      !(status === 204 && promisesBody(headers)),
    keepAliveMs: keepAlive === undefined ? undefined : keepAliveOf(String(keepAlive)),
  }
}

/** Reads field lines from `at` on; the pairs are added to `raw` as they are. */
export const readFields = (text: string, at: number, raw: string[]): Fields => {
  const fields: Fields = Object.create(null)
  for (let start = at; start < text.length; ) {
    const end = text.indexOf('\r\n', start)
    const colon = text.indexOf(':', start)
    if (end < 0 || colon < 0 || colon > end) throw badResponse('a header line has no colon')
    const name = text.slice(start, colon)
    if (!token.test(name)) throw badResponse('a header name is not a token')
    const value = trimmed(text, colon + 1, end)
    if (unprintable.test(value)) throw badResponse('a header value has a control character')
    if (raw.push(name, value) > 2 * headLimits.fields) throw badResponse('there are too many headers')
    const lower = name.toLowerCase()
    const before = fields[lower]
    if (before === undefined) fields[lower] = value
    else if (typeof before === 'string') fields[lower] = [before, value]
    else before.push(value)
    start = end + 2
  }
  return fields
}

const framingOf = (headers: Fields, status: number, method: string, minor: string): ResponseHead['body'] => {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  if (coding !== undefined) {
    if (length !== undefined) throw badResponse('the end of the body is stated in two ways')
    if (typeof coding !== 'string' || coding.toLowerCase() !== 'chunked' || minor === '0')
      throw badResponse('Transfer-Encoding is not exactly chunked')
  } else if (length !== undefined && (typeof length !== 'string' || !/^\d{1,15}$/.test(length)))
    throw badResponse('Content-Length is not one decimal number')
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0
  if (coding !== undefined) return 'chunked'
  return length === undefined ? 'until-close' : Number(length)
}

// 204 has no body (RFC 9110 §15.3.5); who announces one may send one
const promisesBody = ({ 'transfer-encoding': coding, 'content-length': length }: Fields): boolean =>
  coding !== undefined || (length !== undefined && Number(length) > 0)

const keepAliveOf = (value: string): number | undefined => {
  const seconds = timeout.exec(value)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

// only SP and HTAB surround a value (RFC 9110 §5.5); trim() would take more
const trimmed = (text: string, from: number, to: number): string => {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 32 || code === 9
