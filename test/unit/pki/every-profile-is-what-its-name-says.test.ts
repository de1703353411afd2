import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateKey } from '../../../pki/keys.ts'
import { certifyProfile, mintProfile, type Profile, profileList, type Refusal } from '../../../pki/profiles.ts'
import { readSvid } from '../../../pki/svid.ts'
import { handshake } from './handshake.ts'
import { authorityFor, codeOf } from './issued.ts'

const authority = authorityFor()
const id = 'spiffe://hop.lab/orders'
// Level 0 so that TLS carries weak keys and signatures as far as our own guard; RSA-1024 has no PSS with SHA-512, so 1.2.
const weak = { ciphers: 'DEFAULT:@SECLEVEL=0', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const

const refusedByChain = (refused: Refusal) => refused.by === 'chain'
const presented = async (profile: Profile & { name: string }, crl: string[] | undefined) => {
  const minted = mintProfile(authority, [profile.name], { id })
  const server = mintProfile(authority, [], { id: 'spiffe://hop.lab/gateway' })
  const common = {
    ca: authority.trustBundle(),
    crl,
    ...(profile.bends.some(b => b === 'key' || b === 'hash') ? weak : {}),
  }
  return handshake(
    { key: server.key, cert: server.chain, ...common },
    { key: minted.key, cert: minted.chain, ...common },
  )
}

const throughTls = profileList.filter(({ refused }) => refused.by !== 'handshake')

describe.each(throughTls)('a client with a certificate that is $name', profile => {
  const { refused } = profile

  test(refusedByChain(refused) ? 'is refused by the chain' : 'passes the chain', async () => {
    const { serverSaw, leaf, clientSaw } = await presented(profile, undefined)
    expect(clientSaw).toBeUndefined()
    expect(serverSaw).toBe(refused.by === 'chain' ? refused.code : undefined)
    if (refused.by === 'svid') expect(codeOf(() => readSvid(leaf!))).toBe(refused.code)
    if (refused.by === 'authorization') expect(readSvid(leaf!).id).not.toBe(id)
    if (refused.by === 'nobody') expect(readSvid(leaf!).id).toBe(id)
  })

  test('is judged the same when CRLs are checked', async () => {
    const { serverSaw } = await presented(profile, authority.crls({ revoked: [], number: 1 }))
    expect(serverSaw).toBe(refused.by === 'chain' ? refused.codeWithCrls : undefined)
  })
})

test.each(profileList.filter(({ refused }) => refused.by === 'handshake'))(
  'a client with $name does not get through TLS',
  async profile => {
    await expect(presented(profile, undefined)).rejects.toThrow()
    const leaf = new X509Certificate(mintProfile(authority, [profile.name], { id }).certificate)
    expect(codeOf(() => readSvid(leaf))).toBe('code' in profile.refused && profile.refused.code)
  },
)

describe('profiles', () => {
  const mint = (kinds: string[], subject: { id: string } | { dnsName: string } = { id }) =>
    mintProfile(authority, kinds, subject)

  test('compose', async () => {
    const leaf = new X509Certificate(mint(['expired', 'two-uris', 'key-cert-sign', 'sha1-signature']).certificate)
    expect(leaf.validToDate.getTime()).toBeLessThan(Date.now())
    expect(leaf.subjectAltName).toContain('somebody-else')
    expect(codeOf(() => readSvid(leaf))).toBe('signature-algorithm')
  })

  test.each([
    [['expired', 'not-yet-valid']],
    [['wrong-san', 'two-uris']],
    [['self-signed', 'unknown-ca']],
    [['self-signed', 'missing-intermediate']],
    [['expired', 'expired']],
    [['no-san', 'unknown-ca']],
  ])('%j contradict each other and are refused', kinds => {
    expect(codeOf(() => mint(kinds))).toBe('profile-conflict')
  })

  test('that do not exist or do not apply are refused', () => {
    expect(codeOf(() => mint(['expird']))).toBe('profile-unknown')
    expect(codeOf(() => mint(['__proto__']))).toBe('profile-unknown')
    expect(codeOf(() => mint(['two-uris'], { dnsName: 'shop.hop.lab' }))).toBe('profile-not-applicable')
  })

  test.each(profileList.filter(({ only }) => only !== 'workload'))('$name is made for public names too', ({ name }) => {
    expect(mint([name], { dnsName: 'shop.hop.lab' }).chain).toContain('BEGIN CERTIFICATE')
  })

  test('are made for a key kept elsewhere too, unless they are about that key', () => {
    const { publicKey, privateKey } = generateKey()
    const serial = authority.newSerial()
    const made = certifyProfile(authority, ['expired'], { id, publicKey, serial })
    const leaf = new X509Certificate(made.chain)
    expect(leaf.checkPrivateKey(privateKey)).toBe(true)
    expect([leaf.serialNumber.toLowerCase(), leaf.validToDate.getTime()]).toEqual([
      serial,
      Math.floor(made.notAfter / 1000) * 1000,
    ])
    for (const kind of ['self-signed', 'weak-rsa-1024'])
      expect(codeOf(() => certifyProfile(authority, [kind], { id, publicKey, serial }))).toBe('profile-conflict')
  })
})
