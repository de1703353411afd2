import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openAuthority } from '../../../pki/authority.ts'
import { generateKey, keyTypes } from '../../../pki/keys.ts'
import { mintProfile } from '../../../pki/profiles.ts'
import { authorityFor } from './issued.ts'
import { hasOpenssl, openssl, verify } from './openssl.ts'

const id = 'spiffe://hop.lab/orders'
const dnsName = 'shop.hop.lab'

describe.skipIf(!hasOpenssl).each(keyTypes)('with %s keys openssl', type => {
  const authority = authorityFor({ keyType: type })
  const leaf = () => ({ publicKey: generateKey(type).publicKey, lifetimeMs: 3600_000, serial: authority.newSerial() })

  test('accepts a workload certificate', () => {
    expect(verify(authority, authority.issueWorkload({ id, ...leaf() }).chain)).toMatchObject({ ok: true })
  })

  test('accepts a public certificate', () => {
    expect(verify(authority, authority.issuePublic({ dnsName, ...leaf() }).chain)).toMatchObject({ ok: true })
  })

  test('refuses a revoked one and names the reason', () => {
    const { chain, serial } = authority.issueWorkload({ id, ...leaf() })
    const revoked = [{ serial, at: Date.now(), reason: 'keyCompromise' as const }]
    expect(verify(authority, chain, revoked).output).toContain('certificate revoked')
    const crl = authority.crls({ revoked, number: 7 })[1]!
    const { output } = openssl(['crl', '-in', 'crl.pem', '-noout', '-text'], { 'crl.pem': crl })
    expect(output).toContain('Key Compromise')
    expect(output).toMatch(/CRL Number:\s+7/)
    expect(output.toLowerCase().replaceAll(':', '')).toContain(serial)
  })

  test('refuses leaves of a revoked intermediate', () => {
    const serial = new X509Certificate(authority.certificates().workloads).serialNumber
    const revoked = [{ serial, at: Date.now(), reason: 'cACompromise' as const, issuer: 'root' as const }]
    expect(verify(authority, authority.issueWorkload({ id, ...leaf() }).chain, revoked).output).toContain(
      'certificate revoked',
    )
    expect(verify(authority, authority.issuePublic({ dnsName, ...leaf() }).chain, revoked)).toMatchObject({ ok: true })
  })

  test('accepts what an authority issues after it was stored and opened again', () => {
    const options = { trustDomain: 'hop.lab', publicSuffix: 'hop.lab', clock: Date.now }
    const opened = openAuthority(JSON.parse(JSON.stringify(authority.exportState())), options)
    expect(opened.trustBundle()).toEqual(authority.trustBundle())
    expect(verify(authority, opened.issueWorkload({ id, ...leaf() }).chain)).toMatchObject({ ok: true })
  })
})

describe.skipIf(!hasOpenssl)('name constraints', () => {
  const authority = authorityFor()

  test.each([
    ['a URI of another trust domain', { id: 'spiffe://other.lab/orders' }, [], 'permitted subtree violation'],
    ['a URI from the public issuer', { dnsName }, ['name-constraint'], 'permitted subtree violation'],
    ['a DNS name outside the suffix', { dnsName: 'shop.example' }, [], 'permitted subtree violation'],
  ])('refuse %s', (_, subject, kinds, message) => {
    expect(verify(authority, mintProfile(authority, kinds, subject).chain).output).toContain(message)
  })
})
