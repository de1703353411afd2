import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import type { RevocationPolicy } from './control-protocol.ts'
import type { TlsPolicy } from './desired.ts'
import { cipherList, usualTls, versions } from './tls-suites.ts'

/** A private key with its chain, leaf first. Made in this process; the key never leaves it. */
export type KeyPair = { key: string; chain: string }

/** What a workload trusts, as PEM: the roots, and one CRL for each issuer in any chain. */
export type Trust = {
  bundle: string[]
  /** CAs below the roots that are in use. None counts by being named here: it is only known, and may be told by its name. */
  intermediates?: string[]
  crl: string[]
  /** See `TrustMessage`; absent before enrolment. */
  version?: number
  revocation?: RevocationPolicy
  revoked?: string[]
}

/**
 * No tickets towards workloads: a resumed session carries the identity of the session it came from, skips
 * `checkServerIdentity`, and outlives revocation. Keep-alive makes the full handshake rare instead.
 */
const noTickets = constants.SSL_OP_NO_TICKET

const hygiene = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION

/** A listener towards workloads: TLS 1.3 only, no resumption, callers judged against the bundle and the CRLs. */
export const workloadContextOptions = ({ bundle, crl }: Trust, { key, chain }: KeyPair): SecureContextOptions => ({
  key,
  cert: chain,
  ca: bundle,
  crl,
  minVersion: 'TLSv1.3',
  secureOptions: noTickets | hygiene,
})

/** A listener towards the public: TLS 1.2 and 1.3 with modern suites (RFC 9325). Clients are never asked for a certificate. */
export const publicContextOptions = ({ key, chain }: KeyPair, policy: TlsPolicy = usualTls): SecureContextOptions => ({
  key,
  cert: chain,
  ...versions(policy),
  ciphers: cipherList(policy),
  honorCipherOrder: true,
  secureOptions: hygiene,
})

/** A caller. Without a pair it stays anonymous (`tls`); with one it proves itself (`mtls`). */
export const clientContextOptions = ({ bundle, crl }: Trust, pair: KeyPair | undefined): SecureContextOptions => ({
  ...(pair ? { key: pair.key, cert: pair.chain } : {}),
  ca: bundle,
  crl,
  minVersion: 'TLSv1.3',
})
