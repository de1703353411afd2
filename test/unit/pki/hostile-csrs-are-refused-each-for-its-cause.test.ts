import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createCsr, readCsr } from '../../../pki/csr.ts'
import { generateKey, keyTypes, spkiHash } from '../../../pki/keys.ts'
import { fromPem, splitPem, toPem } from '../../../pki/pem.ts'
import { codeOf } from './issued.ts'
import { hasOpenssl, openssl } from './openssl.ts'

const own = generateKey()
const uris = ['spiffe://hop.lab/orders']
const good = createCsr({ ...own, uris })
const label = 'CERTIFICATE REQUEST'
const der = fromPem(label, good)!
const pem = (bytes: Buffer) => toPem(label, bytes)
const refusal = (text: string) => codeOf(() => readCsr(text))
const withKey = (pair: KeyPairKeyObjectResult) => createCsr({ ...pair, uris })
const nested = (depth: number): Buffer => {
  let bytes = Buffer.of(0x05, 0)
  for (let i = 0; i < depth; i++)
    bytes = Buffer.concat([Buffer.of(0x30, 0x82, bytes.length >> 8, bytes.length & 255), bytes])
  return bytes
}

describe('an honest CSR', () => {
  test.each(keyTypes)('with a %s key is read', type => {
    const pair = generateKey(type)
    const csr = readCsr(createCsr({ ...pair, uris, dnsNames: ['a.hop.lab'], commonName: 'orders' }))
    expect(spkiHash(csr.publicKey)).toBe(spkiHash(pair.publicKey))
    expect(csr.requested).toMatchObject({ uris, dnsNames: ['a.hop.lab'], commonName: 'orders', ca: false })
  })

  test.skipIf(!hasOpenssl).each([
    ['P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']],
    ['RSA', ['rsa:2048']],
    ['Ed25519', ['ed25519']],
  ])('made by openssl with a %s key is read', (_, key) => {
    const args = ['req', '-new', '-nodes', '-newkey', ...key, '-keyout', '/dev/null', '-subj', '/CN=orders']
    const made = openssl([...args, '-addext', `subjectAltName=URI:${uris[0]},IP:10.0.0.1`])
    const [block] = splitPem(made.output)
    expect(readCsr(block!).requested).toMatchObject({ uris, ipAddresses: ['10.0.0.1'], commonName: 'orders' })
  })

  test.skipIf(!hasOpenssl)('of ours is read by openssl', () => {
    expect(openssl(['req', '-in', 'a.csr', '-noout', '-verify'], { 'a.csr': good }).output).toContain('verify OK')
  })
})

test('what a CSR asks for is reported, for whoever decides to compare', () => {
  const hostile = createCsr({
    ...own,
    uris: ['spiffe://hop.lab/payments'],
    dnsNames: ['*.hop.lab'],
    ipAddresses: [Buffer.of(127, 0, 0, 1)],
    ca: true,
  })
  expect(readCsr(hostile).requested).toMatchObject({
    uris: ['spiffe://hop.lab/payments'],
    dnsNames: ['*.hop.lab'],
    ipAddresses: ['127.0.0.1'],
    ca: true,
  })
})

describe('a CSR is refused', () => {
  test.each([
    [
      "with somebody else's public key",
      () => createCsr({ privateKey: own.privateKey, publicKey: generateKey().publicKey, uris }),
      'csr-not-proven',
    ],
    [
      'with a key of another type than its signature',
      () => createCsr({ privateKey: own.privateKey, publicKey: generateKey('Ed25519').publicKey }),
      'csr-not-proven',
    ],
    [
      'altered after it was signed',
      () => pem(Buffer.from(der.toString('latin1').replace('orders', 'orderz'), 'latin1')),
      'csr-not-proven',
    ],
    ['signed with SHA-1', () => createCsr({ ...own, uris, hash: 'sha1' }), 'signature-algorithm'],
    ['with RSA-1024', () => withKey(generateKeyPairSync('rsa', { modulusLength: 1024 })), 'key-rsa-too-short'],
    [
      'with exponent 3',
      () => withKey(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })),
      'key-rsa-exponent',
    ],
    ['with secp256k1', () => withKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), 'key-curve'],
    ['with P-192', () => withKey(generateKeyPairSync('ec', { namedCurve: 'prime192v1' })), 'key-curve'],
    [
      'with explicit curve parameters',
      () => withKey(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })),
      'key-curve',
    ],
    ['with a point that is not on its curve', () => pem(offCurve()), 'key-malformed'],
    [
      'with 10,000 names',
      () => createCsr({ ...own, dnsNames: Array.from({ length: 10_000 }, (_, i) => `h${i}.hop.lab`) }),
      'csr-too-large',
    ],
    [
      'with 17 names',
      () => createCsr({ ...own, dnsNames: Array.from({ length: 17 }, (_, i) => `h${i}.hop.lab`) }),
      'csr-too-many-names',
    ],
    ['of 5 MB', () => toPem(label, Buffer.alloc(5_000_000)), 'csr-too-large'],
    ['that is empty', () => '', 'csr-not-pem'],
    ['that is not text', () => ({}) as string, 'csr-not-pem'],
    ['that is a certificate', () => toPem('CERTIFICATE', der), 'csr-not-pem'],
    ['with text before it', () => `x\n${good}`, 'csr-not-pem'],
    ['twice', () => good + good, 'csr-not-pem'],
    ['cut off in its text', () => good.slice(0, 200), 'csr-not-pem'],
    ['cut off in its DER', () => pem(der.subarray(0, 100)), 'der-cut-off'],
    ['with bytes after it', () => pem(Buffer.concat([der, Buffer.of(5, 0)])), 'der-trailing-bytes'],
    ['of indefinite length', () => pem(Buffer.of(0x30, 0x80, 5, 0, 0, 0)), 'der-indefinite-length'],
    [
      'of 4 GB by its own account',
      () => pem(Buffer.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 5, 0)),
      'der-length-too-long',
    ],
    ['with a length longer than need be', () => pem(Buffer.of(0x30, 0x81, 2, 5, 0)), 'der-length-not-minimal'],
    ['nested 1000 deep', () => pem(nested(1000)), 'der-too-deep'],
    ['that is some other DER', () => pem(Buffer.of(0x30, 2, 5, 0)), 'der-unexpected'],
  ])('%s', (_, make, code) => {
    expect(refusal(make())).toBe(code)
  })

  test('wherever it is cut or altered, with a code of ours and never a crash', () => {
    for (let at = 0; at < der.length; at++) {
      const altered = Buffer.from(der)
      altered[at]! ^= 0x81
      expect(refusal(pem(altered)), `byte ${at}`).toMatch(/^(csr|der|key|signature|extension)-/)
      expect(refusal(pem(der.subarray(0, at))), `cut at ${at}`).toMatch(/^(csr-not-pem|der-cut-off)$/)
    }
  })
})

const offCurve = (): Buffer => {
  const point = own.publicKey.export({ type: 'spki', format: 'der' }).subarray(-64)
  const at = der.indexOf(point)
  const altered = Buffer.from(der)
  altered[at + 63]! ^= 1
  return altered
}
