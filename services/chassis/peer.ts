import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { HopError } from '../../pki/error.ts'
import { parseSpiffeId } from '../../pki/spiffe.ts'
import { readSvid } from '../../pki/svid.ts'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import type { Peer } from './observation.ts'

/** Who is at the other end: proven or not, or refused and why. */
export type Judgement = { peer: Peer; refused?: undefined } | { peer?: undefined; refused: Failure }

/**
 * Judges a caller after the handshake (`requestCert` on, `rejectUnauthorized` off, so that the reason is not lost).
 * `authorized` alone is never enough: on a resumed TLS 1.3 session it is true with an empty peer (nodejs/node#35317).
 */
export const judgeCaller = (socket: TLSSocket, trustDomain: string): Judgement => {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return { peer: { kind: 'anonymous', because: 'no-certificate' } }
  if (!socket.authorized) return { refused: failureOf({ code: authorizationCode(socket) }) }
  return judgeSvid(certificate, trustDomain)
}

/**
 * Judges a callee's certificate against the one identity this link expects. For `checkServerIdentity`: Node has
 * verified the chain by then, and its own name check would fall back to the common name, so it is not used.
 */
export const judgeCallee = (certificate: X509Certificate, expectedId: string): Judgement => {
  const judgement = judgeSvid(certificate, parseSpiffeId(expectedId).trustDomain)
  if (judgement.refused) return judgement
  if (judgement.peer.kind === 'authenticated' && judgement.peer.id !== expectedId)
    return { refused: failureNamed('wrong-identity') }
  return judgement
}

const judgeSvid = (certificate: X509Certificate, trustDomain: string): Judgement => {
  try {
    const { id, serial, notAfter } = readSvid(certificate)
    if (parseSpiffeId(id).trustDomain !== trustDomain) return { refused: failureNamed('wrong-identity') }
    return { peer: { kind: 'authenticated', id, serial, notAfter: new Date(notAfter).toISOString() } }
  } catch (error) {
    if (error instanceof HopError) return { refused: failureNamed('not-an-svid', error.code) }
    throw error
  }
}

// Node types it as Error; it is the code itself as a string on both sides.
const authorizationCode = (socket: TLSSocket): string => {
  const reason: unknown = socket.authorizationError
  if (typeof reason === 'string') return reason
  return (reason as { code?: string } | null)?.code ?? 'UNKNOWN'
}
