import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { assertStrongSpki } from './spki.ts'

/** Kinds of key the project makes. P-256 unless something is compared: RSA costs a hundred times more to make. */
export type KeyType = 'P-256' | 'RSA-2048' | 'Ed25519'
export type KeyPair = { privateKey: KeyObject; publicKey: KeyObject }

export const keyTypes: readonly KeyType[] = ['P-256', 'RSA-2048', 'Ed25519']

/** Makes a key pair from the system's randomness. It exists in memory only. */
export const generateKey = (type: KeyType = 'P-256'): KeyPair => {
  switch (type) {
    case 'P-256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'RSA-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
  }
}

/** DER of the SubjectPublicKeyInfo. */
export const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' })

/**
 * Refuses keys that must not be certified: see {@link assertStrongSpki} for what is allowed.
 * @throws HopError `key-type`, `key-curve`, `key-rsa-too-short`, `key-rsa-too-long`, `key-rsa-exponent`
 */
export const assertStrongKey = (publicKey: KeyObject): void => assertStrongSpki(spkiOf(publicKey))

/** SHA-256 (hex) of the public key's SPKI: how a key is named wherever it is seen. Certificates as object, DER or PEM. */
export const spkiHash = (of: KeyObject | X509Certificate | Buffer | string): string => {
  const certificate = typeof of === 'string' || Buffer.isBuffer(of) ? new X509Certificate(of) : of
  const key = certificate instanceof X509Certificate ? certificate.publicKey : certificate
  return createHash('sha256').update(spkiOf(key)).digest('hex')
}

/** PKCS #8 PEM of a private key, unencrypted: for a TLS context, or a file only its owner can read. */
export const privateKeyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string
