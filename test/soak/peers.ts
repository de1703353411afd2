import type { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { authorityKeyId } from '../../pki/key-identifiers.ts'

/** Every TLS connection of this process whose peer's certificate somebody has looked at. */
export type Peers = {
  /** Open ones whose peer was certified by none of these CAs (key identifiers, hex): where they go and who is there. */
  strangers(issuers: readonly string[]): string[]
  open(): number
}

/**
 * Seen from below the product: whoever authenticates a peer asks Node for its certificate, so what is asked for is what
 * is relied on. Nothing of this is part of the product, which keeps its own records.
 */
export const watchPeers = (): Peers => {
  const sockets = new Map<TLSSocket, { issuer: string; what: string }>()
  const look = TLSSocket.prototype.getPeerX509Certificate
  TLSSocket.prototype.getPeerX509Certificate = function (this: TLSSocket) {
    const certificate = look.call(this)
    if (certificate && !sockets.has(this)) note(this, certificate)
    return certificate
  }
  const note = (socket: TLSSocket, certificate: X509Certificate): void => {
    const name = certificate.subjectAltName ?? 'no name'
    const what = `${socket.localPort} to ${socket.remotePort}, ${name}, until ${certificate.validTo}`
    sockets.set(socket, { issuer: authorityKeyId(certificate), what })
    socket.once('close', () => sockets.delete(socket))
  }
  return {
    strangers: issuers =>
      [...sockets]
        .filter(([socket, { issuer }]) => !socket.destroyed && !issuers.includes(issuer))
        .map(([, { what }]) => what),
    open: () => sockets.size,
  }
}
