import { type Der, tags } from './der.ts'
import { HopError } from './error.ts'

/** An OBJECT IDENTIFIER as dotted text. @throws HopError `der-unexpected`, `der-oid` */
export const readOid = (element: Der | undefined): string => {
  const { content } = typed(element, tags.oid, 'an OBJECT IDENTIFIER')
  if (content.length === 0 || content.at(-1)! & 0x80)
    throw fault('der-oid', 'a whole identifier', content.toString('hex'))
  const arcs: number[] = []
  let arc = 0
  let startOfArc = true
  for (const byte of content) {
    if ((startOfArc && byte === 0x80) || arc > 2 ** 40) throw fault('der-oid', 'minimal arcs', content.toString('hex'))
    arc = arc * 128 + (byte & 0x7f)
    startOfArc = !(byte & 0x80)
    if (startOfArc) {
      arcs.push(arc)
      arc = 0
    }
  }
  const top = Math.min(Math.floor(arcs[0]! / 40), 2)
  return [top, arcs[0]! - top * 40, ...arcs.slice(1)].join('.')
}

/** A non-negative INTEGER as lower-case hex, whole bytes, without a sign byte. */
export const readInteger = (element: Der | undefined): string => {
  const { content } = typed(element, tags.integer, 'an INTEGER')
  const first = content[0]
  if (first === undefined) throw fault('der-integer', 'at least one byte', 'none')
  if (first & 0x80) throw fault('der-integer', 'a number of zero or more', 'a negative one')
  if (first === 0 && content.length > 1 && !(content[1]! & 0x80))
    throw fault('der-integer', 'the shortest form', 'padding')
  return (first === 0 && content.length > 1 ? content.subarray(1) : content).toString('hex')
}

/** @throws HopError `der-boolean` for anything but 00 and FF */
export const readBoolean = (element: Der | undefined): boolean => {
  const { content } = typed(element, tags.boolean, 'a BOOLEAN')
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    throw fault('der-boolean', '00 or FF', content.toString('hex'))
  }
  return content[0] === 0xff
}

/** The bytes of a BIT STRING that fills whole bytes (keys, signatures). */
export const readBitBytes = (element: Der | undefined): Buffer => {
  const { content } = typed(element, tags.bitString, 'a BIT STRING')
  if (content[0] !== 0) throw fault('der-bit-string', 'whole bytes', `${content[0] ?? 'no'} unused bits`)
  return content.subarray(1)
}

/** The numbers of the bits that are set in a short named BIT STRING such as keyUsage. */
export const readBits = (element: Der | undefined): number[] => {
  const { content } = typed(element, tags.bitString, 'a BIT STRING')
  const unused = content[0] ?? 8
  const bytes = content.subarray(1)
  if (unused > 7 || bytes.length > 4 || (bytes.length === 0 && unused > 0)) {
    throw fault('der-bit-string', 'a short BIT STRING', content.toString('hex').slice(0, 40))
  }
  const numbers = Array.from({ length: bytes.length * 8 - unused }, (_, bit) => bit)
  return numbers.filter(bit => bytes[bit >> 3]! & (0x80 >> (bit & 7)))
}

/** UTCTime or GeneralizedTime in the only forms RFC 5280 4.1.2.5 allows, as milliseconds. @throws HopError `der-time` */
export const readTime = (element: Der | undefined): number => {
  const text = element?.content.toString('latin1') ?? ''
  const utc = element?.tag === tags.utcTime && /^\d{12}Z$/.test(text)
  const generalized = element?.tag === tags.generalizedTime && /^\d{14}Z$/.test(text)
  if (!utc && !generalized) throw fault('der-time', 'YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ', text.slice(0, 40))
  const full = generalized ? text : `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`
  const ms = Date.parse(full.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(ms)) throw fault('der-time', 'a date that exists', text)
  return ms
}

const typed = (element: Der | undefined, tag: number, what: string): Der => {
  if (element?.tag === tag) return element
  throw fault('der-unexpected', what, element ? `tag 0x${element.tag.toString(16)}` : 'the end')
}

const fault = (code: string, expected: string, found: string): HopError =>
  new HopError(code, { field: 'DER', expected, found })
