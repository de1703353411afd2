import { HopError } from './error.ts'

/** One DER element: its tag byte, its content, and the whole of it as it stood. */
export type Der = { tag: number; content: Buffer; whole: Buffer }

/** Tag bytes as they stand in DER. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` over a primitive / over a constructed value. */
export const contextTag = (n: number): number => 0x80 | n
export const constructedTag = (n: number): number => 0xa0 | n

/**
 * Reads bytes that are exactly one DER element. Strict where BER and OpenSSL are lenient: two readers must not see two things.
 * @throws HopError `der-…`; contents are not looked into
 */
export const readDer = (bytes: Buffer, tag?: number): Der => {
  const element = elementAt(bytes, 0)
  if (element.whole.length !== bytes.length) {
    refuse('trailing-bytes', 'one element', `${bytes.length - element.whole.length} bytes after it`)
  }
  return tag === undefined ? element : expectTag(element, tag)
}

/** The elements a constructed element holds. @throws HopError `der-…` */
export const partsOf = (parent: Der): Der[] => {
  const parts: Der[] = []
  for (let at = 0; at < parent.content.length; ) {
    const part = elementAt(parent.content, at)
    parts.push(part)
    at += part.whole.length
  }
  return parts
}

/** The element itself if it is there and has that tag. @throws HopError `der-unexpected` */
export const expectTag = (element: Der | undefined, tag: number): Der =>
  element?.tag === tag ? element : refuse('unexpected', `tag 0x${tag.toString(16)}`, found(element))

/**
 * Walks everything under an element, so that nothing hostile is left for a later, more trusting parser.
 * @throws HopError `der-too-deep` beyond `depth` levels, and whatever else {@link readDer} refuses
 */
export const walkDer = (element: Der, depth = 12): void => {
  if (!(element.tag & 0x20)) return
  if (depth === 0) refuse('too-deep', 'a shallow structure', 'more nesting than any certificate has')
  for (const part of partsOf(element)) walkDer(part, depth - 1)
}

const elementAt = (bytes: Buffer, at: number): Der => {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) return refuse('cut-off', 'a tag and a length', 'the end')
  if ((tag & 0x1f) === 0x1f) refuse('unexpected', 'a one-byte tag', 'a high tag number')
  if (first === 0x80) refuse('indefinite-length', 'a definite length', 'an indefinite one (BER)')

  let start = at + 2
  let length = first
  if (first > 0x80) {
    const count = first & 0x7f
    if (count > 3) refuse('length-too-long', 'a length below 16 MB', `a length of ${count} bytes`)
    if (start + count > bytes.length) refuse('cut-off', `a length of ${count} bytes`, 'the end')
    length = bytes.readUIntBE(start, count)
    if (length < 0x80 || length < 2 ** (8 * (count - 1)))
      refuse('length-not-minimal', 'the shortest form', `${count} bytes`)
    start += count
  }
  const end = start + length
  if (end > bytes.length) refuse('cut-off', `${length} bytes of content`, `${bytes.length - start}`)
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) }
}

const found = (element: Der | undefined): string => (element ? `tag 0x${element.tag.toString(16)}` : 'the end')

const refuse = (what: string, expected: string, actual: string): never => {
  throw new HopError(`der-${what}`, { field: 'DER', expected, found: actual })
}
