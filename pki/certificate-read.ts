import { constructedTag, type Der, expectTag, partsOf, readDer, tags } from './der.ts'
import { readBitBytes, readInteger, readTime } from './der-values.ts'
import { HopError } from './error.ts'
import { type ReadExtension, readExtensions } from './extensions-read.ts'
import { readSignatureAlgorithm } from './signatures.ts'

/** A certificate as its ASN.1 says, nothing interpreted by Node or OpenSSL. Times in milliseconds. */
export type ReadCertificate = {
  serial: string
  issuer: Der
  subject: Der
  notBefore: number
  notAfter: number
  /** DER of the SubjectPublicKeyInfo. */
  spki: Buffer
  extensions: Map<string, ReadExtension>
}

const largest = 64 * 1024
const mostSerialDigits = 40

/**
 * Reads an X.509 v3 certificate strictly. Verifies no signature: that is the TLS stack's work.
 * @throws HopError `certificate-…`, `signature-algorithm`, `extension-twice`, `der-…`
 */
export const readCertificate = (der: Buffer): ReadCertificate => {
  if (der.length > largest) throw fault('too-large', `at most ${largest} bytes`, `${der.length}`)
  const [tbs, algorithm, signature, extra] = partsOf(readDer(der, tags.sequence))
  readBitBytes(signature)
  const fields = partsOf(expectTag(tbs, tags.sequence))
  if (extra || fields.length !== 8)
    throw fault('fields', 'v3 with extensions, no unique identifiers', `${fields.length} fields`)

  const [version, serial, inner, issuer, validity, subject, spki, extensions] = fields
  const [number] = partsOf(expectTag(version, constructedTag(0)))
  if (readInteger(number) !== '02') throw fault('version', 'v3', `v${Number.parseInt(readInteger(number), 16) + 1}`)
  readSignatureAlgorithm(expectTag(inner, tags.sequence))
  if (!algorithm || !inner!.whole.equals(algorithm.whole)) {
    throw fault('two-algorithms', 'one signature algorithm, inside and outside', 'two')
  }
  const [notBefore, notAfter] = partsOf(expectTag(validity, tags.sequence))
  const [list] = partsOf(expectTag(extensions, constructedTag(3)))
  return {
    serial: readSerial(serial),
    issuer: expectTag(issuer, tags.sequence),
    subject: expectTag(subject, tags.sequence),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: expectTag(spki, tags.sequence).whole,
    extensions: readExtensions(expectTag(list, tags.sequence)),
  }
}

const readSerial = (serial: Der | undefined): string => {
  const hex = readInteger(serial)
  if (/^0+$/.test(hex) || hex.length > mostSerialDigits) {
    throw fault('serial', 'a positive number of at most 20 bytes (RFC 5280 4.1.2.2)', hex.slice(0, 60))
  }
  return hex
}

const fault = (what: string, expected: string, found: string): HopError =>
  new HopError(`certificate-${what}`, { field: 'certificate', expected, found })
