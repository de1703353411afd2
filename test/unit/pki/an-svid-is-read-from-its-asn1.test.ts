import { randomBytes, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { raw, sequence } from '../../../pki/asn1.ts'
import { type CertificateSpec, signCertificate } from '../../../pki/certificate.ts'
import {
  basicConstraints,
  type Extension,
  extendedKeyUsage,
  type GeneralName,
  keyUsage,
  subjectAltName,
} from '../../../pki/extensions.ts'
import { signingState } from '../../../pki/generations.ts'
import { newSerial } from '../../../pki/hierarchy.ts'
import { openIssuer } from '../../../pki/issuer.ts'
import { generateKey, spkiHash } from '../../../pki/keys.ts'
import { distinguishedName } from '../../../pki/names.ts'
import { readSvid } from '../../../pki/svid.ts'
import { authorityFor, codeOf } from './issued.ts'

const authority = authorityFor()
const signer = openIssuer(signingState(authority.exportState()).workloads, 'workloads')
const id = 'spiffe://hop.lab/orders'
const own = generateKey()
const { publicKey } = own

const san = (...names: GeneralName[]) => subjectAltName(names, true)
const parts = {
  constraints: basicConstraints(false),
  usage: keyUsage('digitalSignature'),
  extended: extendedKeyUsage('serverAuth', 'clientAuth'),
  san: san({ uri: id }),
}
const certificate = (
  changes: Partial<Record<keyof typeof parts, Extension | undefined>> & { more?: Extension[] } = {},
  spec: Partial<CertificateSpec> = {},
) => {
  const { more = [], ...own } = changes
  const extensions = [...Object.values({ ...parts, ...own }).filter(e => e !== undefined), ...more]
  const times = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2026, 0, 2) }
  return signCertificate({
    serial: newSerial(),
    signer,
    subject: distinguishedName({}),
    publicKey,
    ...times,
    extensions,
    ...spec,
  })
}

test('a sound one is read, as DER or as X509Certificate', () => {
  const serial = newSerial()
  const der = certificate({}, { serial })
  const certificateObject = new X509Certificate(der)
  const expected = {
    id,
    trustDomain: 'hop.lab',
    path: '/orders',
    serial,
    notBefore: Date.UTC(2026, 0, 1),
    notAfter: Date.UTC(2026, 0, 2),
  }
  expect(readSvid(der)).toMatchObject({ ...expected, spkiHash: spkiHash(certificateObject) })
  expect(readSvid(certificateObject)).toEqual(readSvid(der))
  expect(readSvid(der).fingerprint).toBe(certificateObject.fingerprint256.replaceAll(':', '').toLowerCase())
})

test.each([
  ['other forms of name beside the URI', { san: san({ dns: 'orders.hop.lab' }, { uri: id }) }],
  ['no extended key usage', { extended: undefined }],
  ['no basic constraints', { constraints: undefined }],
  ['an ID of 2048 bytes', { san: san({ uri: id.padEnd(2048, 'x') }) }],
])('one with %s is accepted', (_, changes) => {
  expect(readSvid(certificate(changes)).trustDomain).toBe('hop.lab')
})

const unknown: Extension = { oid: '1.2.3.4', critical: true, value: sequence() }
test.each([
  ['no subjectAltName', { san: undefined }, 'svid-no-san'],
  ['no URI', { san: san({ dns: 'orders.hop.lab' }) }, 'svid-no-uri'],
  ['no names', { san: san() }, 'svid-no-uri'],
  ['two URIs', { san: san({ uri: id }, { uri: id }) }, 'svid-many-uris'],
  ['a URI that is no SPIFFE ID', { san: san({ uri: 'https://hop.lab/orders' }) }, 'spiffe-id-scheme'],
  ['a comma in its URI', { san: san({ uri: `${id},URI:spiffe://hop.lab/payments` }) }, 'spiffe-id-path'],
  ['a URI inside a DNS name', { san: san({ dns: `x, URI:${id}` }) }, 'svid-no-uri'],
  ['the ID of an authority', { san: san({ uri: 'spiffe://hop.lab' }) }, 'svid-no-path'],
  [
    'an empty subject and a SAN that is not critical',
    { san: subjectAltName([{ uri: id }], false) },
    'svid-san-not-critical',
  ],
  ['CA: true', { constraints: basicConstraints({}) }, 'svid-is-ca'],
  ['no key usage', { usage: undefined }, 'svid-no-key-usage'],
  ['key usage not critical', { usage: { ...parts.usage, critical: false } }, 'svid-key-usage-not-critical'],
  ['no digitalSignature', { usage: keyUsage('keyEncipherment') }, 'svid-no-digital-signature'],
  ['keyCertSign', { usage: keyUsage('digitalSignature', 'keyCertSign') }, 'svid-key-cert-sign'],
  ['cRLSign', { usage: keyUsage('digitalSignature', 'cRLSign') }, 'svid-crl-sign'],
  ['serverAuth alone', { extended: extendedKeyUsage('serverAuth') }, 'svid-no-client-auth'],
  ['clientAuth alone', { extended: extendedKeyUsage('clientAuth') }, 'svid-no-server-auth'],
  ['two subjectAltNames', { more: [san({ uri: id })] }, 'extension-twice'],
  ['two key usages', { more: [parts.usage] }, 'extension-twice'],
  ['a critical extension nobody knows', { more: [unknown] }, 'svid-unknown-critical'],
  ['key usage that is not a BIT STRING', { usage: { ...parts.usage, value: sequence() } }, 'der-unexpected'],
  [
    'a basic constraint that is neither true nor false',
    { constraints: { ...parts.constraints, value: sequence(raw(Buffer.of(1, 1, 7))) } },
    'der-boolean',
  ],
  [
    'a path length on a leaf',
    { constraints: { ...parts.constraints, value: sequence(raw(Buffer.of(2, 1, 0))) } },
    'svid-path-length',
  ],
])('one with %s is refused', (_, changes, code) => {
  expect(codeOf(() => readSvid(certificate(changes)))).toBe(code)
})

test('a SAN need not be critical beside a subject', () => {
  const spec = { subject: distinguishedName({ commonName: 'orders' }) }
  expect(readSvid(certificate({ san: subjectAltName([{ uri: id }], false) }, spec)).id).toBe(id)
})

test('a serial of zero or of more than 20 bytes is refused', () => {
  expect(codeOf(() => readSvid(certificate({}, { serial: '00' })))).toBe('certificate-serial')
  expect(codeOf(() => readSvid(certificate({}, { serial: 'a'.repeat(42) })))).toBe('certificate-serial')
})

test('the CAs of an authority are not SVIDs of workloads', () => {
  for (const pem of Object.values(authority.certificates()))
    expect(codeOf(() => readSvid(new X509Certificate(pem)))).toBe('svid-is-ca')
})

test('altered, cut or random bytes are refused with a code of ours or read as something else, never a crash', () => {
  const der = certificate()
  for (let at = 0; at < der.length; at++) {
    const altered = Buffer.from(der)
    altered[at] = randomBytes(1)[0]!
    expect(codeOf(() => readSvid(altered))).toMatch(
      /^(not refused|(der|svid|key|spiffe-id|certificate|signature|extension)-.+)$/,
    )
    expect(codeOf(() => readSvid(der.subarray(0, at)))).toBe('der-cut-off')
  }
  expect(codeOf(() => readSvid(Buffer.alloc(70_000)))).toBe('certificate-too-large')
})
