import type { SecureContextOptions } from 'node:tls'
import type { TlsPolicy } from './desired.ts'

/** AEAD with forward secrecy only (RFC 9325), by IANA name and OpenSSL's. TLS 1.3 suites first; order is the server's. */
const openSslNames = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
} as const

/** What the public may negotiate when nobody has set it otherwise. */
export const usualTls: TlsPolicy = {
  minVersion: 'TLSv1.2',
  suites: Object.keys(openSslNames),
  keyType: 'p256',
}

/** OpenSSL's cipher list of a policy, for both versions. */
export const cipherList = ({ suites }: TlsPolicy): string =>
  suites.map(name => openSslNames[name as keyof typeof openSslNames]).join(':')

/** The version a suite is of: those of TLS 1.3 name no key exchange (RFC 8446, appendix B.4). */
export const versionOf = (suite: string): TlsPolicy['minVersion'] => (suite.includes('_WITH_') ? 'TLSv1.2' : 'TLSv1.3')

/** The versions a policy has suites for: with none of its own for a version, Node would take OpenSSL's. */
export const versions = ({
  minVersion,
  suites,
}: TlsPolicy): Pick<SecureContextOptions, 'minVersion' | 'maxVersion'> => {
  const has = (version: string) => suites.some(suite => versionOf(suite) === version)
  return {
    minVersion: has('TLSv1.2') ? minVersion : 'TLSv1.3',
    maxVersion: has('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  }
}

/** The suites that a policy really has: of a version it allows, and for a key of its type. */
export const usableSuites = ({ minVersion, suites, keyType }: TlsPolicy): string[] =>
  suites.filter(suite => {
    if (versionOf(suite) === 'TLSv1.3') return true
    return minVersion === 'TLSv1.2' && suite.includes(keyType === 'p256' ? '_ECDSA_' : '_RSA_')
  })

/** What a connection agreed on; the cipher by its IANA name. */
export type Agreed = { protocol: string; cipher: string }

/** Would a connection that agreed on this be agreed on now? The key behind it may have been another of the same type or not. */
export const stillAgreed = ({ minVersion, suites }: TlsPolicy, { protocol, cipher }: Agreed): boolean =>
  protocol >= minVersion && suites.includes(cipher)
