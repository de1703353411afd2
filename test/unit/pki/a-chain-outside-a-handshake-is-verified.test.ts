import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { signCertificate } from '../../../pki/certificate.ts'
import { verifyChain } from '../../../pki/chain.ts'
import { extendedKeyUsage, keyUsage, subjectAltName } from '../../../pki/extensions.ts'
import { signingState } from '../../../pki/generations.ts'
import { newSerial } from '../../../pki/hierarchy.ts'
import { openIssuer } from '../../../pki/issuer.ts'
import { generateKey } from '../../../pki/keys.ts'
import { distinguishedName } from '../../../pki/names.ts'
import { mintProfile } from '../../../pki/profiles.ts'
import { authorityFor } from './issued.ts'

const authority = authorityFor()
const id = 'spiffe://hop.lab/edge'

const derOf = (chain: string): Buffer[] =>
  chain
    .split(/(?<=-----END CERTIFICATE-----)\s*/)
    .filter(pem => pem.includes('BEGIN'))
    .map(pem => new X509Certificate(pem).raw)

const minted = (...kinds: string[]) => derOf(mintProfile(authority, kinds, { id }).chain)
const verify = (chain: Buffer[], at = Date.now()) => verifyChain(chain, authority.trustBundle(), at)

test('a chain that the authority gave out leads to its root, with the root sent along or not', () => {
  const chain = minted()
  expect(verify(chain).raw.equals(chain[0]!)).toBe(true)
  expect(verify([...chain, ...derOf(authority.trustBundle().join('\n'))]).raw.equals(chain[0]!)).toBe(true)
})

test.each([
  ['expired', 'chain-not-valid-now'],
  ['not-yet-valid', 'chain-not-valid-now'],
  ['self-signed', 'chain-unknown-authority'],
  ['unknown-ca', 'chain-unknown-authority'],
  ['same-dn-ca', 'chain-unknown-authority'],
  ['same-dn-issuer', 'chain-unknown-authority'],
  ['missing-intermediate', 'chain-unknown-authority'],
  ['leaf-as-issuer', 'chain-unknown-authority'],
  ['path-length', 'chain-too-long'],
])('a chain of the kind %s is refused as %s', (kind, code) => {
  expect(() => verify(minted(kind))).toThrow(expect.objectContaining({ code }))
})

test.each([
  ['no certificate', [], 'chain-length'],
  ['ten of them', Array.from({ length: 10 }, () => minted()[0]!), 'chain-length'],
  ['something else', [Buffer.from('certificate')], 'chain-unreadable'],
  ['the right ones in the wrong order', minted().toReversed(), 'chain-unknown-authority'],
])('%s is refused', (_, chain, code) => {
  expect(() => verify(chain as Buffer[])).toThrow(expect.objectContaining({ code }))
})

test('a CA for the names of servers vouches for no workload', () => {
  const issuer = openIssuer(signingState(authority.exportState()).public, 'public')
  const usages = [keyUsage('digitalSignature'), extendedKeyUsage('serverAuth', 'clientAuth')]
  const leaf = signCertificate({
    ...{ serial: newSerial(), signer: issuer, subject: distinguishedName({}), publicKey: generateKey().publicKey },
    ...{ notBefore: Date.now() - 1000, notAfter: Date.now() + 60_000 },
    extensions: [...usages, subjectAltName([{ uri: id }], true)],
  })
  const chain = [leaf, ...derOf(issuer.certificate)]
  expect(() => verify(chain)).toThrow(expect.objectContaining({ code: 'chain-issuer-usage' }))
})

test('an issuer whose time is over vouches for nobody', () => {
  const chain = minted()
  const end = new X509Certificate(chain[1]!).validToDate.getTime() + 1
  expect(() => verify(chain, end)).toThrow(expect.objectContaining({ code: 'chain-not-valid-now' }))
})
