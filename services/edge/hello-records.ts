import { refusal } from './hello-refusals.ts'

/** Takes the bytes of a connection as they come; gives the ClientHello's body once it is whole. */
export type HelloRecords = { push(chunk: Buffer): Buffer | undefined; bytes(): Buffer }

const handshakeRecord = 22
const clientHello = 1
const recordHeader = 5
const messageHeader = 4
/** RFC 8446 §5.1: a plaintext record carries at most 2^14 bytes. */
const maxRecord = 16_384

/**
 * Puts a ClientHello together from TLS records, over however many it spans (RFC 8446 §5.1 allows any number). Keeps
 * every byte for the next hop. Throws a HopError named in `hello-refusals.ts` at the first byte that cannot be right,
 * and `client-hello-too-large` once the hello would take more than `maxBytes`, record headers included.
 */
export const createHelloRecords = (maxBytes: number): HelloRecords => {
  let bytes = Buffer.allocUnsafe(2048)
  let length = 0
  /** Where the next record begins that has not been taken apart yet. */
  let next = 0
  let message = Buffer.alloc(0)

  const keep = (chunk: Buffer): void => {
    if (length + chunk.length > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, length + chunk.length))
      bytes.copy(larger, 0, 0, length)
      bytes = larger
    }
    chunk.copy(bytes, length)
    length += chunk.length
  }

  /** The fragment of the next record, undefined while it is incomplete. */
  const nextFragment = (): Buffer | undefined => {
    const start = next
    checkHeader(bytes.subarray(start, Math.min(length, start + recordHeader)), start === 0)
    if (length < start + recordHeader) return undefined
    const end = start + recordHeader + bytes.readUInt16BE(start + 3)
    if (end > maxBytes) throw tooLarge(maxBytes, end)
    if (length < end) return undefined
    next = end
    return bytes.subarray(start + recordHeader, end)
  }

  return {
    bytes: () => bytes.subarray(0, length),
    push(chunk) {
      keep(chunk)
      for (let fragment = nextFragment(); fragment; fragment = nextFragment()) {
        message = Buffer.concat([message, fragment])
        if (message[0] !== clientHello) {
          const found = `type ${message[0]}`
          throw refusal('unexpected-message', { field: 'handshake message', expected: 'client_hello (1)', found })
        }
        if (message.length < messageHeader) continue
        const whole = messageHeader + message.readUIntBE(1, 3)
        if (whole > maxBytes) throw tooLarge(maxBytes, whole)
        if (message.length > whole) {
          const found = `${message.length - whole} more bytes in its record`
          throw refusal('client-hello-malformed', { field: 'client hello', expected: 'its end', found })
        }
        if (message.length === whole) return message.subarray(messageHeader)
      }
      return undefined
    },
  }
}

const checkHeader = (header: Buffer, first: boolean): void => {
  const [type, major] = header
  if (type === undefined) return
  if (type !== handshakeRecord) {
    const name = first ? 'not-tls' : 'unexpected-message'
    throw refusal(name, { field: 'record type', expected: 'handshake (22)', found: `${type}` })
  }
  if (major !== undefined && major !== 3) {
    throw refusal('not-tls', { field: 'record version', expected: '3.x', found: `${major}` })
  }
  if (header.length < recordHeader) return
  const size = header.readUInt16BE(3)
  if (size > maxRecord) {
    throw refusal('record-too-large', { field: 'record length', expected: `at most ${maxRecord}`, found: `${size}` })
  }
  // Empty handshake records are forbidden (RFC 8446 §5.1); taken, they would be a way to say nothing for ever.
  if (size === 0) {
    throw refusal('client-hello-malformed', { field: 'record length', expected: 'at least 1', found: '0' })
  }
}

const tooLarge = (maxBytes: number, found: number) =>
  refusal('client-hello-too-large', { field: 'client hello', expected: `at most ${maxBytes} bytes`, found: `${found}` })
