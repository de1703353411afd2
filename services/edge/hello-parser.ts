import { refusal } from './hello-refusals.ts'

/** What a ClientHello says in the clear. `serverName` is lower case, a valid DNS name; `alpn` in the client's order. */
export type ClientHello = { serverName: string; alpn: string[] }

/** As {@link ClientHello}, before any judgement of the name: its raw bytes, absent without the extension. */
export type RawHello = { serverName: Buffer | undefined; alpn: string[] }

const serverNameExtension = 0
const alpnExtension = 16

/**
 * Reads the body of a ClientHello (RFC 8446 §4.1.2, the same layout in TLS 1.0 to 1.3) strictly: every length must add
 * up, no extension may come twice. Throws HopError `client-hello-malformed` or `server-name-doubled`.
 */
export const parseHello = (body: Buffer): RawHello => {
  const hello = reader(body, 'client hello')
  hello.take(2 + 32)
  hello.vector(1, 0, 32)
  hello.vector(2, 2)
  hello.vector(1, 1)
  const parsed: RawHello = { serverName: undefined, alpn: [] }
  if (hello.left() === 0) return parsed
  const extensions = reader(hello.vector(2), 'extensions')
  hello.done()
  const seen = new Set<number>()
  while (extensions.left() > 0) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (seen.has(type)) {
      if (type === serverNameExtension) throw doubled('two server_name extensions')
      throw malformed('extensions', 'each type once', `type ${type} twice`)
    }
    seen.add(type)
    if (type === serverNameExtension) parsed.serverName = parseServerName(content)
    if (type === alpnExtension) parsed.alpn = parseAlpn(content)
  }
  return parsed
}

const parseServerName = (content: Buffer): Buffer => {
  const extension = reader(content, 'server_name')
  const list = reader(extension.vector(2, 1), 'server_name list')
  extension.done()
  // host_name is the only type ever defined (RFC 6066 §3); others cannot even be skipped safely.
  if (list.number(1) !== 0) throw malformed('server_name', 'type host_name', 'another type')
  const name = list.vector(2, 1)
  if (list.left() > 0) throw doubled('two names in the server_name extension')
  return name
}

const parseAlpn = (content: Buffer): string[] => {
  const extension = reader(content, 'alpn')
  const list = reader(extension.vector(2, 2), 'alpn list')
  extension.done()
  const protocols: string[] = []
  while (list.left() > 0) protocols.push(printable(list.vector(1, 1)))
  return protocols
}

/** Bytes as text that is safe in logs: what is not printable ASCII becomes `\xNN`. */
export const printable = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

const reader = (bytes: Buffer, field: string) => {
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw malformed(field, `${length} more bytes`, `${bytes.length - at}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const number = (size: number): number => take(size).readUIntBE(0, size)
  return {
    take,
    number,
    /** A vector with a length of `size` bytes in front; its own length between `least` and `most`. */
    vector(size: number, least = 0, most = 65_535): Buffer {
      const length = number(size)
      if (length < least || length > most) throw malformed(field, `a length of ${least} to ${most}`, `${length}`)
      return take(length)
    },
    left: () => bytes.length - at,
    done(): void {
      if (at < bytes.length) throw malformed(field, 'its end', `${bytes.length - at} more bytes`)
    },
  }
}

const malformed = (field: string, expected: string, found: string) =>
  refusal('client-hello-malformed', { field, expected, found })

const doubled = (found: string) => refusal('server-name-doubled', { field: 'server_name', expected: 'one name', found })
