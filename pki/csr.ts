import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Asn1, integer, oid, raw, sequence, set, tagged } from './asn1.ts'
import { constructedTag, type Der, expectTag, partsOf, readDer, tags, walkDer } from './der.ts'
import { readBitBytes, readInteger, readOid } from './der-values.ts'
import { HopError } from './error.ts'
import { basicConstraints, type Extension, extensionValue, type GeneralName, subjectAltName } from './extensions.ts'
import { type ReadNames, readBasicConstraints, readExtensions, readSubjectAltName } from './extensions-read.ts'
import { type KeyPair, spkiOf } from './keys.ts'
import { commonNamesOf, distinguishedName } from './names.ts'
import { oids } from './oids.ts'
import { fromPem, toPem } from './pem.ts'
import { readSignatureAlgorithm, signed, verifies } from './signatures.ts'
import { assertStrongSpki } from './spki.ts'

/** What a CSR asks for. Attackers and tests ask for what they must not get. */
export type CsrOptions = KeyPair & {
  uris?: string[]
  dnsNames?: string[]
  ipAddresses?: Uint8Array[]
  commonName?: string
  ca?: boolean
  hash?: 'sha1' | 'sha256'
}

/** A CSR whose sender holds the key. `requested` is only ever compared and logged: the authority decides the contents. */
export type Csr = { publicKey: KeyObject; requested: Requested }
export type Requested = ReadNames & { ca: boolean; commonName: string | undefined }

/** Bytes of PEM, and names in it, beyond which a CSR is not even looked at. A real one has 400 bytes and one name. */
const largest = 16 * 1024
const mostNames = 16

/** A PKCS #10 request, PEM. `publicKey` may be somebody else's: then it proves nothing, which is the point of some tests. */
export const createCsr = (options: CsrOptions): string => {
  const { uris = [], dnsNames = [], ipAddresses = [], commonName, ca, hash } = options
  const names: GeneralName[] = [
    ...uris.map(uri => ({ uri })),
    ...dnsNames.map(dns => ({ dns })),
    ...ipAddresses.map(ip => ({ ip })),
  ]
  const extensions: Extension[] = []
  if (names.length) extensions.push(subjectAltName(names, commonName === undefined))
  if (ca !== undefined) extensions.push(basicConstraints(ca && {}))
  const request = sequence(oid(oids.extensionRequest), set(sequence(...extensions.map(extensionValue))))
  const attributes: Asn1[] = extensions.length ? [request] : []
  const subject = distinguishedName(commonName === undefined ? {} : { commonName })
  const info = sequence(integer(0), subject, raw(spkiOf(options.publicKey)), tagged(0, ...attributes))
  return toPem(
    'CERTIFICATE REQUEST',
    signed(options.privateKey, () => info, hash),
  )
}

/**
 * Reads a CSR from a stranger: bounded, strictly DER, a strong key, a strong signature that proves possession of it.
 * @throws HopError `csr-too-large`, `csr-not-pem`, `der-…`, `csr-version`, `csr-attribute-twice`, `csr-too-many-names`,
 *   `extension-twice`, `key-…`, `signature-algorithm`, `csr-not-proven`
 */
export const readCsr = (pem: string): Csr => {
  const whole = readDer(csrBytes(pem), tags.sequence)
  walkDer(whole)
  const [info, algorithm, signature, extra] = partsOf(whole)
  if (extra) throw fault('der-unexpected', 'three parts', 'more')
  const [version, subject, spki, attributes, more] = partsOf(expectTag(info, tags.sequence))
  if (readInteger(version) !== '00') throw fault('csr-version', 'version 0 (PKCS #10 v1)', readInteger(version))
  if (more) throw fault('der-unexpected', 'four parts', 'more')

  const requested = readRequested(expectTag(subject, tags.sequence), expectTag(attributes, constructedTag(0)))
  const publicKey = readKey(expectTag(spki, tags.sequence).whole)
  const name = readSignatureAlgorithm(expectTag(algorithm, tags.sequence))
  if (!verifies(name, info!.whole, readBitBytes(signature), publicKey)) {
    throw fault('csr-not-proven', 'a signature by the private key of the key in it', 'one that does not verify')
  }
  return { publicKey, requested }
}

const csrBytes = (pem: string): Buffer => {
  if (typeof pem !== 'string') throw fault('csr-not-pem', 'one CERTIFICATE REQUEST block', typeof pem)
  if (pem.length > largest) throw fault('csr-too-large', `at most ${largest} bytes`, `${pem.length}`)
  const bytes = fromPem('CERTIFICATE REQUEST', pem) ?? fromPem('NEW CERTIFICATE REQUEST', pem)
  if (!bytes) throw fault('csr-not-pem', 'one CERTIFICATE REQUEST block', JSON.stringify(pem.slice(0, 40)))
  return bytes
}

const readKey = (spki: Buffer): KeyObject => {
  assertStrongSpki(spki)
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new HopError('key-malformed', {
      field: 'public key',
      expected: 'a point on its curve',
      found: 'another',
      cause,
    })
  }
}

const readRequested = (subject: Der, attributes: Der): Requested => {
  const seen = new Set<string>()
  let names: ReadNames = { uris: [], dnsNames: [], emails: [], ipAddresses: [], others: 0 }
  let ca = false
  for (const attribute of partsOf(attributes)) {
    const [type, values] = partsOf(expectTag(attribute, tags.sequence))
    const name = readOid(type)
    if (seen.has(name)) throw fault('csr-attribute-twice', `${name} once`, 'twice')
    seen.add(name)
    if (name !== oids.extensionRequest) continue
    const [list, second] = partsOf(expectTag(values, tags.set))
    if (second) throw fault('csr-attribute-twice', 'one list of extensions', 'two')
    const extensions = readExtensions(expectTag(list, tags.sequence))
    const san = extensions.get(oids.subjectAltName)
    const constraints = extensions.get(oids.basicConstraints)
    if (san) names = readSubjectAltName(san.value)
    if (constraints) ca = readBasicConstraints(constraints.value).ca
  }
  const { uris, dnsNames, emails, ipAddresses, others } = names
  const count = uris.length + dnsNames.length + emails.length + ipAddresses.length + others
  if (count > mostNames) throw fault('csr-too-many-names', `at most ${mostNames} names`, `${count}`)
  return { ...names, ca, commonName: commonNamesOf(subject)[0] }
}

const fault = (code: string, expected: string, found: string): HopError =>
  new HopError(code, { field: 'certificate request', expected, found, remedy: 'Make a new request' })
