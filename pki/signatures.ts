import { type KeyObject, sign, verify } from 'node:crypto'
import { type Asn1, bits, nothing, oid, sequence, toDer } from './asn1.ts'
import { type Der, partsOf, tags } from './der.ts'
import { readOid } from './der-values.ts'
import { HopError } from './error.ts'
import { oids } from './oids.ts'

type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'
type Algorithm = { oid: string; key: 'ec' | 'rsa' | 'ed25519'; hash: Hash | null }

/** Every signature algorithm there is for us. SHA-1 is only ever written by broken profiles, never accepted. */
const algorithms: Algorithm[] = [
  { oid: oids.ecdsaWithSha256, key: 'ec', hash: 'sha256' },
  { oid: oids.ecdsaWithSha384, key: 'ec', hash: 'sha384' },
  { oid: oids.ecdsaWithSha512, key: 'ec', hash: 'sha512' },
  { oid: oids.sha256WithRsa, key: 'rsa', hash: 'sha256' },
  { oid: oids.sha384WithRsa, key: 'rsa', hash: 'sha384' },
  { oid: oids.sha512WithRsa, key: 'rsa', hash: 'sha512' },
  { oid: oids.ed25519, key: 'ed25519', hash: null },
  { oid: oids.ecdsaWithSha1, key: 'ec', hash: 'sha1' },
  { oid: oids.sha1WithRsa, key: 'rsa', hash: 'sha1' },
]

/**
 * DER of `SEQUENCE { body, algorithm, signature }`, the frame of certificates, CRLs and CSRs alike.
 * `body` gets the AlgorithmIdentifier to repeat inside. The hash does not matter for Ed25519.
 */
export const signed = (key: KeyObject, body: (algorithm: Asn1) => Asn1, hash: Hash = 'sha256'): Buffer => {
  const row = algorithms.find(a => a.key === key.asymmetricKeyType && (a.hash === hash || a.hash === null))
  if (!row)
    throw new HopError('key-type', {
      field: 'signing key',
      expected: 'EC, RSA or Ed25519',
      found: `${key.asymmetricKeyType}`,
    })
  // Parameters are NULL for RSA and absent for the others (RFC 4055 5, RFC 5758 3.2, RFC 8410 3).
  const algorithm = row.key === 'rsa' ? sequence(oid(row.oid), nothing()) : sequence(oid(row.oid))
  const content = body(algorithm)
  return toDer(sequence(content, algorithm, bits(sign(row.hash, toDer(content), key))))
}

/** The OID in an AlgorithmIdentifier of a signature. @throws HopError `signature-algorithm` for anything weak or unknown */
export const readSignatureAlgorithm = (identifier: Der): string => {
  const [id, parameters, more] = partsOf(identifier)
  const name = readOid(id)
  const row = algorithms.find(a => a.oid === name && a.hash !== 'sha1')
  const wellFormed = row?.key === 'rsa' ? parameters?.tag === tags.null : parameters === undefined
  if (!row || !wellFormed || more) {
    throw new HopError('signature-algorithm', {
      field: 'signature algorithm',
      expected: 'ECDSA or RSA (PKCS #1) with SHA-256, SHA-384 or SHA-512, or Ed25519',
      found: row ? 'odd parameters' : name,
    })
  }
  return name
}

/** Was `content` signed by that key with that algorithm? False too when algorithm and key do not belong together. */
export const verifies = (algorithm: string, content: Buffer, signature: Buffer, key: KeyObject): boolean => {
  const row = algorithms.find(a => a.oid === algorithm)
  if (!row || row.key !== key.asymmetricKeyType) return false
  try {
    return verify(row.hash, content, key, signature)
  } catch {
    return false
  }
}
