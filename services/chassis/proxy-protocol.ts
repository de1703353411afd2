import { HopError } from '../../pki/error.ts'
import { asIpv6, ipBytes, ipText } from './ip-bytes.ts'
import type { Address } from './transport.ts'

/** Who connected to whom before a proxy stood in between. Hosts are IP literals. */
export type ProxiedConnection = { source: Address; destination: Address }

/** `connection` is absent for LOCAL: the proxy speaks for itself (health checks). `length`: bytes the header took. */
export type ProxyHeader = { connection?: ProxiedConnection; length: number }

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const prefixLength = 16
/** Addresses (36) and a few TLVs; the protocol would allow 65,535, which nobody on this side asks for. */
const maxPayload = 512

/** The PROXY protocol v2 header (haproxy.org proxy-protocol.txt §2.2): 28 bytes for IPv4, 52 for IPv6. */
export const encodeProxyHeader = ({ source, destination }: ProxiedConnection): Buffer => {
  const plain = [ipBytes(source.host), ipBytes(destination.host)]
  const mixed = plain[0]?.length !== plain[1]?.length
  const addresses = Buffer.concat(mixed ? plain.map(asIpv6) : plain)
  const header = Buffer.alloc(prefixLength + addresses.length + 4)
  signature.copy(header)
  header[12] = 0x21
  header[13] = addresses.length === 8 ? 0x11 : 0x21
  header.writeUInt16BE(addresses.length + 4, 14)
  addresses.copy(header, prefixLength)
  header.writeUInt16BE(source.port, header.length - 4)
  header.writeUInt16BE(destination.port, header.length - 2)
  return header
}

/**
 * Reads a v2 header from the first bytes of a connection. Undefined: valid so far, more bytes needed (never more than
 * 528). Throws HopError `proxy-header-malformed` at the first byte that cannot be right. Only TCP over IP is taken.
 */
export const parseProxyHeader = (bytes: Buffer): ProxyHeader | undefined => {
  const known = Math.min(bytes.length, signature.length)
  if (bytes.compare(signature, 0, known, 0, known) !== 0) throw malformed('signature', signature, bytes.subarray(0, 12))
  const command = bytes[12]
  if (command === undefined) return undefined
  if (command !== 0x20 && command !== 0x21) throw malformed('version and command', '0x20 or 0x21', command)
  const family = bytes[13]
  if (family === undefined) return undefined
  const addressLength = family === 0x11 ? 4 : family === 0x21 ? 16 : undefined
  if (command === 0x21 && !addressLength) throw malformed('family', 'TCP over IPv4 (0x11) or IPv6 (0x21)', family)
  if (bytes.length < prefixLength) return undefined
  const length = bytes.readUInt16BE(14)
  if (length > maxPayload) throw malformed('length', `at most ${maxPayload}`, length)
  if (command === 0x21 && length < addressLength! * 2 + 4) throw malformed('length', 'room for both addresses', length)
  if (bytes.length < prefixLength + length) return undefined
  const payload = bytes.subarray(prefixLength, prefixLength + length)
  if (command === 0x20) return { length: prefixLength + length }
  const size = addressLength!
  checkExtras(payload.subarray(size * 2 + 4))
  return {
    connection: {
      source: { host: ipText(payload.subarray(0, size)), port: payload.readUInt16BE(size * 2) },
      destination: { host: ipText(payload.subarray(size, size * 2)), port: payload.readUInt16BE(size * 2 + 2) },
    },
    length: prefixLength + length,
  }
}

/** Type-length-value extras are skipped, but must add up. */
const checkExtras = (extras: Buffer): void => {
  let at = 0
  while (at < extras.length) {
    if (at + 3 > extras.length) throw malformed('extras', 'whole type-length-value entries', extras.subarray(at))
    at += 3 + extras.readUInt16BE(at + 1)
  }
  if (at !== extras.length) throw malformed('extras', 'entries that end with the header', `${at - extras.length} over`)
}

const malformed = (field: string, expected: string | Buffer, found: string | number | Buffer): HopError =>
  new HopError('proxy-header-malformed', {
    field: `proxy header ${field}`,
    expected: typeof expected === 'string' ? expected : expected.toString('hex'),
    found: Buffer.isBuffer(found)
      ? found.toString('hex')
      : typeof found === 'number'
        ? `0x${found.toString(16)}`
        : found,
    remedy: 'the peer must speak PROXY protocol v2 on this port, or this port must not ask for it',
  })
