import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** A private key with its chain, leaf first. Made in this process; the key never leaves it. */
export type KeyPair = { key: string; chain: string }

/** What a workload trusts, as PEM: the roots, and one CRL for each issuer in any chain. */
export type Trust = { bundle: string[]; crl: string[] }

/**
 * No tickets towards workloads: a resumed session carries the identity of the session it came from, skips
 * `checkServerIdentity`, and outlives revocation. Keep-alive makes the full handshake rare instead.
 */
const noTickets = constants.SSL_OP_NO_TICKET

const hygiene = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION

/** AEAD with forward secrecy only (RFC 9325). TLS 1.3 suites first; order is the server's. */
const publicCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

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
export const publicContextOptions = ({ key, chain }: KeyPair): SecureContextOptions => ({
  key,
  cert: chain,
  minVersion: 'TLSv1.2',
  ciphers: publicCiphers,
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
