import { createHash, type X509Certificate } from 'node:crypto'
import { type ReadCertificate, readCertificate } from './certificate-read.ts'
import { HopError } from './error.ts'
import { keyUsageBits } from './extensions.ts'
import { readBasicConstraints, readExtendedKeyUsage, readKeyUsage, readSubjectAltName } from './extensions-read.ts'
import { oids } from './oids.ts'
import { parseSpiffeId } from './spiffe.ts'
import { assertStrongSpki } from './spki.ts'

/** A workload's proven name, once the TLS stack has verified the chain above it. Times in milliseconds; serial and hashes in lower-case hex. */
export type Svid = {
  id: string
  trustDomain: string
  path: string
  serial: string
  notBefore: number
  notAfter: number
  /** SHA-256 of the public key's SPKI. */
  spkiHash: string
  /** SHA-256 of the certificate. */
  fingerprint: string
}

/**
 * Reads a leaf as an X.509-SVID (SPIFFE X509-SVID, sections 2 to 5), from its ASN.1: Node's `keyUsage` is the extended one,
 * and its `subjectAltName` is a text that a name can be made to forge. Does not verify chain, time or revocation.
 * The answer depends on the bytes alone, so callers may keep it by fingerprint.
 * @throws HopError `svid-…`, `spiffe-id-…`, `certificate-…`, `key-…`, `signature-algorithm`, `extension-twice`, `der-…`
 */
export const readSvid = (certificate: Buffer | X509Certificate): Svid => {
  const der = Buffer.isBuffer(certificate) ? certificate : certificate.raw
  const read = readCertificate(der)
  checkConstraints(read)
  checkKeyUsage(read)
  checkExtendedKeyUsage(read)
  checkNothingElseCritical(read)
  assertStrongSpki(read.spki)
  const id = readUri(read)
  const { trustDomain, path } = parseSpiffeId(id)
  if (path === '') throw fault('no-path', 'the ID of a workload', `${id}, the ID of an authority`)
  return {
    id,
    trustDomain,
    path,
    serial: read.serial,
    notBefore: read.notBefore,
    notAfter: read.notAfter,
    spkiHash: sha256(read.spki),
    fingerprint: sha256(der),
  }
}

const checkConstraints = ({ extensions }: ReadCertificate): void => {
  const extension = extensions.get(oids.basicConstraints)
  if (!extension) return
  const { ca, pathLength } = readBasicConstraints(extension.value)
  if (ca) throw fault('is-ca', 'CA: false', 'CA: true')
  if (pathLength !== undefined) throw fault('path-length', 'no path length on a leaf', pathLength)
}

const checkKeyUsage = ({ extensions }: ReadCertificate): void => {
  const extension = extensions.get(oids.keyUsage)
  if (!extension) throw fault('no-key-usage', 'key usage digitalSignature', 'no key usage')
  if (!extension.critical) throw fault('key-usage-not-critical', 'a critical key usage', 'one that is not')
  const usages = readKeyUsage(extension.value)
  if (usages.includes(keyUsageBits.keyCertSign)) throw fault('key-cert-sign', 'no keyCertSign on a leaf', 'keyCertSign')
  if (usages.includes(keyUsageBits.cRLSign)) throw fault('crl-sign', 'no cRLSign on a leaf', 'cRLSign')
  if (!usages.includes(keyUsageBits.digitalSignature)) {
    throw fault('no-digital-signature', 'key usage digitalSignature', `bits ${usages.join(', ')}`)
  }
}

const checkExtendedKeyUsage = ({ extensions }: ReadCertificate): void => {
  const extension = extensions.get(oids.extKeyUsage)
  if (!extension) return
  const usages = readExtendedKeyUsage(extension.value)
  if (!usages.includes(oids.serverAuth)) throw fault('no-server-auth', 'serverAuth and clientAuth', usages.join(', '))
  if (!usages.includes(oids.clientAuth)) throw fault('no-client-auth', 'serverAuth and clientAuth', usages.join(', '))
}

const understood = new Set<string>([oids.basicConstraints, oids.keyUsage, oids.extKeyUsage, oids.subjectAltName])

const checkNothingElseCritical = ({ extensions }: ReadCertificate): void => {
  for (const [oid, { critical }] of extensions) {
    if (critical && !understood.has(oid)) throw fault('unknown-critical', 'no critical extension beyond the usual', oid)
  }
}

const readUri = ({ extensions, subject }: ReadCertificate): string => {
  const extension = extensions.get(oids.subjectAltName)
  if (!extension) throw fault('no-san', 'a subjectAltName with one SPIFFE ID', 'no subjectAltName')
  if (subject.content.length === 0 && !extension.critical) {
    throw fault('san-not-critical', 'a critical subjectAltName beside an empty subject', 'one that is not')
  }
  const { uris } = readSubjectAltName(extension.value)
  const [uri, second] = uris
  if (uri === undefined) throw fault('no-uri', 'exactly one URI', 'none')
  if (second !== undefined) throw fault('many-uris', 'exactly one URI', `${uris.length}`)
  return uri
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const fault = (what: string, expected: string, found: string): HopError =>
  new HopError(`svid-${what}`, { field: 'X.509-SVID', expected, found })
