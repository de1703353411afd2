import { errors } from 'undici'
import { ChunkedBody } from './http-client-chunks.ts'
import { badResponse, type Fields, headLimits, type ResponseHead, readHead } from './http-client-head.ts'

/** Who hears what an answer says, in this order; any of them may call `stop`. */
export type ResponseEvents = {
  /** The head of an answer, after any number of informational ones (1xx). */
  onHead(head: ResponseHead): void
  onBody(bytes: Buffer): void
  /** The answer is over. `surplus`: bytes came after it that nobody asked for. */
  onEnd(trailers: Fields, surplus: boolean): void
}

const noFields: Fields = Object.freeze(Object.create(null))

const headEnd = '\r\n\r\n'

// a head that is not whole yet and can never become one: a protocol that is not HTTP, a line not ended by CRLF
const begins = 'HTTP/1.'
const hopeless = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|[^\r]\n|\r[^\n]/

/** Reads one answer at a time from the bytes of a connection. Throws where they are not clean HTTP. */
export class ResponseParser {
  private readonly events: ResponseEvents
  private method = ''
  private state: 'nothing' | 'head' | 'length' | 'chunked' | 'until-close' = 'nothing'
  private pending = ''
  private left = 0
  private chunks: ChunkedBody | undefined

  constructor(events: ResponseEvents) {
    this.events = events
  }

  /** From now on the answer to a request of this method is read. */
  expect(method: string): void {
    this.method = method
    this.state = 'head'
  }

  /** Nothing is read any more. */
  stop(): void {
    this.state = 'nothing'
    this.pending = ''
    this.chunks = undefined
  }

  read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.state === 'head') at = this.readHead(bytes, at)
      else if (this.state === 'length') at = this.readLength(bytes, at)
      else if (this.state === 'chunked') at = this.readChunked(bytes, at)
      else if (this.state === 'until-close') {
        this.events.onBody(at === 0 ? bytes : bytes.subarray(at))
        return
      } else return
    }
  }

  /** The other end closed. True where that was how the answer ends. */
  endsHere(): boolean {
    return this.state === 'until-close'
  }

  private readHead(bytes: Buffer, from: number): number {
    const { pending } = this
    let text: string
    let at: number
    const found = pending === '' ? bytes.indexOf(headEnd, from, 'latin1') : -1
    if (found >= 0) {
      text = bytes.toString('latin1', from, found + 2)
      at = found + 4
    } else {
      const both = pending + bytes.toString('latin1', from, Math.min(bytes.length, from + headLimits.bytes + 4))
      const end = both.indexOf(headEnd, Math.max(0, pending.length - 3))
      if (end < 0) return this.keep(both, bytes.length)
      text = both.slice(0, end + 2)
      at = from + end + 4 - pending.length
    }
    if (text.length > headLimits.bytes) throw new errors.HeadersOverflowError()
    this.pending = ''
    const head = readHead(text, this.method)
    if (head.status === 101) throw badResponse('a change of protocol that nobody asked for')
    if (head.status >= 200) this.begin(head, bytes, at)
    else this.events.onHead(head)
    return at
  }

  private keep(text: string, at: number): number {
    if (text.length > headLimits.bytes) throw new errors.HeadersOverflowError()
    const seen = Math.max(0, this.pending.length - 1)
    if (!text.startsWith(begins.slice(0, text.length)) || hopeless.test(seen === 0 ? text : text.slice(seen)))
      throw badResponse('the answer does not begin like HTTP')
    this.pending = text
    return at
  }

  private begin(head: ResponseHead, bytes: Buffer, at: number): void {
    const { body } = head
    if (body === 'chunked') this.chunks = new ChunkedBody()
    this.state = typeof body === 'number' ? 'length' : body
    this.left = typeof body === 'number' ? body : 0
    this.events.onHead(head)
    if (body === 0 && this.state === 'length') this.end(noFields, at < bytes.length)
  }

  private readLength(bytes: Buffer, at: number): number {
    const to = Math.min(at + this.left, bytes.length)
    this.left -= to - at
    this.events.onBody(bytes.subarray(at, to))
    if (this.left === 0 && this.state === 'length') this.end(noFields, to < bytes.length)
    return to
  }

  private readChunked(bytes: Buffer, at: number): number {
    const chunks = this.chunks!
    const to = chunks.read(bytes, at, (from, until) => this.events.onBody(bytes.subarray(from, until)))
    if (chunks.trailers && this.state === 'chunked') this.end(chunks.trailers, to < bytes.length)
    return to
  }

  // the next request may be on its way when this returns, so the rest of these bytes must not be read as its answer
  private end(trailers: Fields, surplus: boolean): void {
    this.stop()
    this.events.onEnd(trailers, surplus)
  }
}
