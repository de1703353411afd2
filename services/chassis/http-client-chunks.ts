import { badResponse, type Fields, headLimits, readFields } from './http-client-head.ts'

/** What may stand behind the size of one chunk, and behind all sizes of one body, in bytes. */
const extensionLimits = { line: 256, body: 4_096 }

const sizeLine = /^([0-9A-Fa-f]{1,12})(;[\t\x20-\x7e\x80-\xff]*)?\r\n$/
const lineFeed = 10
const carriageReturn = 13

/** A chunked body (RFC 9112 §7.1) on its way in: strict sizes, each chunk closed by CRLF, extensions ignored and bounded. */
export class ChunkedBody {
  /** Set when the body is over. */
  trailers: Fields | undefined
  private state: 'size' | 'data' | 'data-end' | 'trailers' = 'size'
  private line = ''
  private fields = ''
  private left = 0
  private extensions = 0

  /** Takes bytes from `at` on, up to one part of content or all there are; returns where it stopped. Content goes to `onContent`. */
  read(bytes: Buffer, at: number, onContent: (from: number, to: number) => void): number {
    if (this.state === 'data') {
      const to = Math.min(at + this.left, bytes.length)
      this.left -= to - at
      if (this.left === 0) this.state = 'data-end'
      onContent(at, to)
      return to
    }
    const feed = bytes.indexOf(lineFeed, at)
    const to = feed < 0 ? bytes.length : feed + 1
    this.line += bytes.toString('latin1', at, to)
    if (feed >= 0) {
      const { line } = this
      this.line = ''
      this.take(line)
    } else this.refuseEndless()
    return to
  }

  private take(line: string): void {
    if (this.state === 'data-end') {
      if (line !== '\r\n') throw badResponse('a chunk is longer than it said')
      this.state = 'size'
    } else if (this.state === 'size') this.takeSize(line)
    else if (line === '\r\n') this.trailers = readFields(this.fields, 0, [])
    else {
      // a lone LF would be taken for a line of its own here and for a part of another one by readFields
      if (line.charCodeAt(line.length - 2) !== carriageReturn) throw badResponse('a trailer ends with a bare LF')
      this.fields += line
      if (this.fields.length > headLimits.bytes) throw badResponse('the trailers are too long')
    }
  }

  private takeSize(line: string): void {
    const [, size, extension = ''] = sizeLine.exec(line) ?? []
    if (size === undefined) throw badResponse('a chunk size is not a hexadecimal number on a line of its own')
    this.extensions += extension.length
    if (extension.length > extensionLimits.line || this.extensions > extensionLimits.body)
      throw badResponse('the chunk extensions are too long')
    this.left = Number.parseInt(size, 16)
    this.state = this.left === 0 ? 'trailers' : 'data'
  }

  private refuseEndless(): void {
    const most = { size: 16 + extensionLimits.line, 'data-end': 1, trailers: headLimits.bytes, data: 0 }[this.state]
    if (this.line.length > most) throw badResponse('a line between chunks has no end')
  }
}
