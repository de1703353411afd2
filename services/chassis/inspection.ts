import type { X509Certificate } from 'node:crypto'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import type { Credentials } from './credentials.ts'
import { type Failure, failureNamed } from './failures.ts'
import { chainOf, reaches } from './peer-chain.ts'
import type { TrustHeld } from './trust-held.ts'

/** What there is to say against a peer's certificates beyond what OpenSSL has checked; undefined: nothing. */
export type Inspect = (leaf: X509Certificate) => Failure | undefined

/**
 * Judges by the workload's own clock, where OpenSSL takes the machine's; and by the revocation policy, of which OpenSSL
 * knows one: it asks for no list where it was given none, and refuses every chain where one of them is missing.
 */
export const createInspection =
  (credentials: Pick<Credentials, 'trustHeld' | 'intermediates'>, clock: () => number): Inspect =>
  leaf => {
    const chain = chainOf(leaf, credentials.intermediates())
    const held = credentials.trustHeld()
    const now = clock()
    return validityOf(chain, now) ?? unseen(chain, held) ?? revocationOf(chain, held, now)
  }

/** For the control plane, which brings the lists: one that has run out must not keep its own successor away. */
export const createControlInspection =
  (credentials: Pick<Credentials, 'trustHeld' | 'intermediates'>): Inspect =>
  leaf => {
    const held = credentials.trustHeld()
    const chain = chainOf(leaf, credentials.intermediates())
    return unseen(chain, held) ?? (chain.some(one => isRevoked(one, held)) ? revoked : undefined)
  }

const revoked = failureNamed('revoked')

/** OpenSSL found a way to a root that we do not see: of a CA on it nobody could tell here whether it was taken back. */
const unseen = (chain: readonly X509Certificate[], { roots }: TrustHeld): Failure | undefined =>
  reaches(chain, roots) ? undefined : failureNamed('missing-intermediate', 'chain-not-seen')

const validityOf = (chain: readonly X509Certificate[], now: number): Failure | undefined => {
  if (chain.some(({ validToDate }) => validToDate.getTime() <= now))
    return failureNamed('certificate-expired', 'expired-by-own-clock')
  if (chain.some(({ validFromDate }) => validFromDate.getTime() > now))
    return failureNamed('certificate-not-yet-valid', 'not-yet-valid-by-own-clock')
  return undefined
}

const revocationOf = (chain: readonly X509Certificate[], held: TrustHeld, now: number): Failure | undefined => {
  const { revocation } = held.trust
  if (revocation === undefined) return undefined
  if (chain.some(one => isRevoked(one, held))) return revoked
  return revocation === 'soft-fail' ? undefined : listsOf(chain, held, now)
}

/** By its serial, or by its issuer's list. */
export const isRevoked = (certificate: X509Certificate, { revoked, lists }: TrustHeld): boolean => {
  const serial = certificate.serialNumber.toLowerCase()
  if (revoked.has(serial)) return true
  const issuer = authorityKeyId(certificate)
  return lists.some(list => list.issuer === issuer && list.revoked().has(serial))
}

const listsOf = (chain: readonly X509Certificate[], { lists }: TrustHeld, now: number): Failure | undefined => {
  for (const certificate of chain) {
    const list = lists.find(({ issuer }) => issuer === authorityKeyId(certificate))
    if (!list) return failureNamed('crl-missing')
    if (list.nextUpdate < now) return failureNamed('crl-stale')
    if (list.thisUpdate > now) return failureNamed('crl-not-yet-valid')
  }
  return undefined
}
