import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { signerOf } from '../../pki/chain.ts'
import { HopError } from '../../pki/error.ts'
import { parseSpiffeId } from '../../pki/spiffe.ts'
import { readSvid } from '../../pki/svid.ts'
import type { Credentials } from './credentials.ts'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import type { Inspect } from './inspection.ts'
import type { Peer } from './observation.ts'
import { chainOf } from './peer-chain.ts'

/** Who is at the other end: proven or not, or refused and why. */
export type Judgement = { peer: Peer; refused?: undefined } | { peer?: undefined; refused: Failure }

/** What else a caller is judged by. */
export type CallerStandards = {
  /** With the credentials it was judged by, a stranger's certificate is told from a list that is missing. */
  credentials?: Pick<Credentials, 'trust' | 'intermediates'>
  /** Absent: nothing is said against who is proven. */
  inspect?: Inspect | undefined
}

/**
 * Judges a caller after the handshake (`requestCert` on, `rejectUnauthorized` off, so that the reason is not lost).
 * `authorized` alone is never enough: on a resumed TLS 1.3 session it is true with an empty peer (nodejs/node#35317).
 */
export const judgeCaller = (socket: TLSSocket, trustDomain: string, by: CallerStandards = {}): Judgement => {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return { peer: { kind: 'anonymous', because: 'no-certificate' } }
  if (!socket.authorized) return { refused: refusalOf(authorizationCode(socket), certificate, by) }
  return judgeSvid(certificate, trustDomain, by.inspect ?? nothingAgainst)
}

/**
 * OpenSSL reports the last of its complaints, and nobody here has the lists of a stranger: without this a forged
 * certificate would be told as a list that is missing.
 */
const refusalOf = (code: string, leaf: X509Certificate, { credentials }: CallerStandards): Failure => {
  if (code !== 'UNABLE_TO_GET_CRL' || !credentials) return failureOf({ code })
  const signer = signerOf(chainOf(leaf, credentials.intermediates()), credentials.trust().bundle)
  if (signer === 'roots') return failureOf({ code })
  return failureNamed(signer === 'itself' ? 'self-signed' : 'unknown-authority', code)
}

/**
 * Judges a callee after the handshake against the one identity this link expects (`rejectUnauthorized` off here too: the
 * certificate of who is refused is gone otherwise). Node's own name check would fall back to the common name, so it is not used.
 */
export const judgeCallee = (
  socket: Pick<TLSSocket, 'authorized' | 'authorizationError'>,
  certificate: X509Certificate | undefined,
  expectedId: string,
  inspect: Inspect = nothingAgainst,
): Judgement => {
  if (!socket.authorized || !certificate) return { refused: failureOf({ code: authorizationCode(socket) }) }
  const judgement = judgeSvid(certificate, parseSpiffeId(expectedId).trustDomain, inspect)
  if (judgement.refused) return judgement
  if (judgement.peer.kind === 'authenticated' && judgement.peer.id !== expectedId)
    return { refused: failureNamed('wrong-identity') }
  return judgement
}

const nothingAgainst: Inspect = () => undefined

const judgeSvid = (certificate: X509Certificate, trustDomain: string, inspect: Inspect): Judgement => {
  try {
    const { id, serial, notAfter } = readSvid(certificate)
    if (parseSpiffeId(id).trustDomain !== trustDomain) return { refused: failureNamed('wrong-identity') }
    const against = inspect(certificate)
    if (against) return { refused: against }
    return { peer: { kind: 'authenticated', id, serial, notAfter: new Date(notAfter).toISOString() } }
  } catch (error) {
    if (error instanceof HopError) return { refused: failureNamed('not-an-svid', error.code) }
    throw error
  }
}

// Node types it as Error; it is the code itself as a string on both sides.
const authorizationCode = (socket: Pick<TLSSocket, 'authorizationError'>): string => {
  const reason: unknown = socket.authorizationError
  if (typeof reason === 'string') return reason
  return (reason as { code?: string } | null)?.code ?? 'UNKNOWN'
}
