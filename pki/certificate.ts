import { createHash, type KeyObject } from 'node:crypto'
import { type Asn1, integer, raw, sequence, tagged, time } from './asn1.ts'
import { partsOf, readDer } from './der.ts'
import { readBitBytes } from './der-values.ts'
import { authorityKeyIdentifier, type Extension, extensionValue, subjectKeyIdentifier } from './extensions.ts'
import { spkiOf } from './keys.ts'
import { signed } from './signatures.ts'

/** Who signs: the name and key identifier certificates below carry, and the key. */
export type Signer = { name: Asn1; keyIdentifier: Buffer; privateKey: KeyObject }

/** All of a certificate but its signature. Times in milliseconds, written in whole seconds; `serial` in hex. */
export type CertificateSpec = {
  serial: string
  signer: Signer
  subject: Asn1
  publicKey: KeyObject
  notBefore: number
  notAfter: number
  /** Subject and authority key identifiers are added to these. */
  extensions: Extension[]
  hash?: 'sha1' | 'sha256'
  /** Claims another key's identifier; impostors do. */
  keyIdentifier?: Buffer
}

/** Signs exactly what the spec says, broken or not, and returns DER (RFC 5280 4.1). What is sound is the authority's business. */
export const signCertificate = (spec: CertificateSpec): Buffer => {
  const spki = spkiOf(spec.publicKey)
  const extensions = [
    ...spec.extensions,
    subjectKeyIdentifier(spec.keyIdentifier ?? keyIdentifier(spki)),
    authorityKeyIdentifier(spec.signer.keyIdentifier),
  ]
  const body = (algorithm: Asn1) =>
    sequence(
      tagged(0, integer(2)),
      integer(spec.serial),
      algorithm,
      spec.signer.name,
      sequence(time(spec.notBefore), time(spec.notAfter)),
      spec.subject,
      raw(spki),
      tagged(3, sequence(...extensions.map(extensionValue))),
    )
  return signed(spec.signer.privateKey, body, spec.hash)
}

/** The name of a key in certificates: 160 bits of SHA-256 over the key's bits (RFC 7093, method 1). */
export const keyIdentifier = (spki: Buffer): Buffer => {
  const [, key] = partsOf(readDer(spki))
  return createHash('sha256').update(readBitBytes(key)).digest().subarray(0, 20)
}
