/** A header of HTTP/2 as its bytes go out: nobody checks them on the way. */
export type H2Header = readonly [name: string, value: string]

/** How a stream or a connection ended, from the frames the other end sent. */
export type H2Said = { status?: number; reset?: number; goaway?: number }

const types = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7 } as const
const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** A connection's first bytes and one request on stream 1 (RFC 9113 §3.4, §6); every header a literal (RFC 7541 §6.2.2). */
export const h2Request = (headers: readonly H2Header[], body: string): Buffer =>
  Buffer.concat([
    preface,
    frame(types.settings, 0, 0, Buffer.alloc(0)),
    frame(types.headers, flags.endHeaders, 1, Buffer.concat(headers.map(literal))),
    frame(types.data, flags.endStream, 1, Buffer.from(body, 'latin1')),
  ])

/** Reads what came back on stream 1, as latin-1 text; undefined while neither a status nor an end has come. */
export const readH2 = (text: string): H2Said | undefined => {
  const bytes = Buffer.from(text, 'latin1')
  const said: H2Said = {}
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3)
    const payload = bytes.subarray(at + 9, at + 9 + length)
    if (payload.length < length) break
    if (bytes[at + 3] === types.headers) said.status ??= statusOf(payload)
    if (bytes[at + 3] === types.reset) said.reset = payload.readUInt32BE(0)
    if (bytes[at + 3] === types.goaway) said.goaway = payload.readUInt32BE(4)
    at += 9 + length
  }
  return Object.keys(said).length > 0 ? said : undefined
}

const frame = (type: number, flag: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flag, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const literal = ([name, value]: H2Header): Buffer => Buffer.concat([Buffer.from([0]), text(name), text(value)])

/** A string with its length before it, not Huffman coded (RFC 7541 §5.2). */
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const rest: number[] = [127]
  let left = bytes.length - 127
  for (; left >= 128; left >>= 7) rest.push((left & 127) | 128)
  return Buffer.concat([Buffer.from([...rest, left]), bytes])
}

/** The static table's entries 8 to 14 (RFC 7541, appendix A). */
const indexed = [200, 204, 206, 304, 400, 404, 500]

/** `:status` goes first (RFC 9113 §8.3): an index, or a literal with the name of index 8, its digits Huffman coded or not. */
const statusOf = (block: Buffer): number => {
  const first = block[0] ?? 0
  if (first & 0x80) return indexed[(first & 0x7f) - 8] ?? 0
  const length = block[1] ?? 0
  const value = block.subarray(2, 2 + (length & 0x7f))
  return Number(length & 0x80 ? huffmanDigits(value) : value.toString('latin1'))
}

/** Digits only: 0 to 2 have five bits, 3 to 9 six (RFC 7541, appendix B). */
const huffmanDigits = (bytes: Buffer): string => {
  const bits = [...bytes].map(byte => byte.toString(2).padStart(8, '0')).join('')
  let digits = ''
  for (let at = 0; digits.length < 3 && at < bits.length; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2)
    if (short <= 2) {
      digits += short
      at += 5
    } else {
      digits += Number.parseInt(bits.slice(at, at + 6), 2) - 22
      at += 6
    }
  }
  return digits
}
