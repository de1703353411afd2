import type { Recorded } from '../tap-client.ts'

/** The signature of PROXY protocol v2 (HAProxy, proxy-protocol.txt, 2.2), which an ingress may put before TLS. */
const proxySignature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const proxyHead = 16

export type WireContent = 'tls' | 'plaintext' | 'nothing'

/** What callers say first on these connections; `tls` only where all of them speak it. */
export const wireCarries = (recorded: readonly Recorded[]): WireContent => {
  const spoken = recorded.map(({ bytes }) => payload(bytes['to-callee'])).filter(({ length }) => length > 0)
  if (spoken.length === 0) return 'nothing'
  return spoken.every(startsTls) ? 'tls' : 'plaintext'
}

/** A handshake record (RFC 8446, 5.1): no HTTP request begins like that. */
const startsTls = (bytes: Buffer): boolean => bytes[0] === 0x16 && bytes[1] === 0x03

const payload = (bytes: Buffer): Buffer => {
  if (!bytes.subarray(0, proxySignature.length).equals(proxySignature) || bytes.length < proxyHead) return bytes
  return bytes.subarray(proxyHead + bytes.readUInt16BE(proxyHead - 2))
}
