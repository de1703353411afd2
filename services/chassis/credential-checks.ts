import { createPrivateKey, X509Certificate } from 'node:crypto'
import { HopError } from '../../pki/error.ts'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import { spkiHash } from '../../pki/keys.ts'
import type { HeldCertificate } from './observation.ts'
import type { KeyPair } from './tls-options.ts'

/** What `make` makes, or `bad-credentials` with the field's name and OpenSSL's reason. */
export const loadable = <T>(field: string, make: () => T): T => {
  try {
    return make()
  } catch (cause) {
    const expected = 'something OpenSSL can load'
    throw new HopError('bad-credentials', { field, expected, found: String(cause), cause })
  }
}

/** The leaf of a pair that would work at `now`. Throws `bad-credentials`, `key-mismatch`, `certificate-expired`. */
export const checkPair = ({ key, chain }: KeyPair, now: number): X509Certificate => {
  const field = 'certificate'
  const leaf = loadable(field, () => new X509Certificate(chain))
  if (!leaf.checkPrivateKey(loadable('key', () => createPrivateKey(key))))
    throw new HopError('key-mismatch', { field, expected: 'the public half of our key', found: 'another key' })
  if (leaf.validToDate.getTime() <= now)
    throw new HopError('certificate-expired', { field, expected: 'a certificate still valid', found: leaf.validTo })
  return leaf
}

/** A certificate as it is told to who asks. */
export const heldAs = (kind: HeldCertificate['kind'], name: string, leaf: X509Certificate): HeldCertificate => ({
  kind,
  name,
  key: spkiHash(leaf.publicKey),
  serial: leaf.serialNumber.toLowerCase(),
  notBefore: leaf.validFromDate.toISOString(),
  notAfter: leaf.validToDate.toISOString(),
  issuer: authorityKeyId(leaf),
})
