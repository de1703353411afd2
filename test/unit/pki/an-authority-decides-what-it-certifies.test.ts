import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type AuthorityState, openAuthority } from '../../../pki/authority.ts'
import { isRevocationReason } from '../../../pki/crl.ts'
import { generateKey } from '../../../pki/keys.ts'
import { readSvid } from '../../../pki/svid.ts'
import { authorityFor, codeOf } from './issued.ts'

const id = 'spiffe://hop.lab/orders'
const hour = 3600_000
const { publicKey } = generateKey()

describe('a workload certificate', () => {
  const authority = authorityFor()
  const issue = (changes: object) =>
    authority.issueWorkload({ id, publicKey, lifetimeMs: hour, serial: authority.newSerial(), ...changes })

  test('says what was asked of the authority and nothing else', () => {
    const serial = authority.newSerial()
    const issued = issue({ serial })
    const certificate = new X509Certificate(issued.chain)
    expect(readSvid(certificate)).toMatchObject({
      id,
      path: '/orders',
      serial,
      notAfter: issued.notAfter,
      notBefore: issued.notBefore,
    })
    expect(certificate.subject).toBeFalsy()
    expect(certificate.subjectAltName).toBe(`URI:${id}`)
  })

  test.each([
    ['another trust domain', { id: 'spiffe://other.lab/orders' }, 'id-not-issuable'],
    ['no path', { id: 'spiffe://hop.lab' }, 'id-not-issuable'],
    ['a malformed ID', { id: 'spiffe://hop.lab/a/../b' }, 'spiffe-id-dot-segment'],
    ['a serial of zero', { serial: '00000000000000000000000000000000' }, 'serial'],
    ['a serial that is no number', { serial: 'x' }, 'serial'],
    ['no lifetime', { lifetimeMs: 0 }, 'lifetime'],
    ['NaN for a lifetime', { lifetimeMs: Number.NaN }, 'lifetime'],
  ])('is refused with %s', (_, changes, code) => {
    expect(codeOf(() => issue(changes))).toBe(code)
  })
})

test.each([
  '*.hop.lab',
  '127.0.0.1',
  'shop.example',
  'SHOP.hop.lab',
  'evilhop.lab',
  'a b.hop.lab',
  'shop.hop.lab.',
  '',
  'shop.hop.lab\n',
])('a public certificate for %j is refused', dnsName => {
  const authority = authorityFor()
  const serial = authority.newSerial()
  expect(codeOf(() => authority.issuePublic({ dnsName, publicKey, lifetimeMs: hour, serial }))).toBe('dns-name')
})

describe('time', () => {
  const start = Date.UTC(2030, 0, 1)
  const day = 24 * hour
  let now = start
  const authority = authorityFor({ clock: () => now, lifetimes: { intermediateMs: 10 * day } })
  const issueAt = (at: number, lifetimeMs: number) => {
    now = at
    return authority.issueWorkload({ id, publicKey, lifetimeMs, serial: authority.newSerial() })
  }

  test('is the injected clock, with a minute of backdate', () => {
    expect(issueAt(start + day, hour)).toMatchObject({ notBefore: start + day - 60_000, notAfter: start + day + hour })
  })

  test.each([0, 1, 500, 999])(
    'never ends a leaf before it lived as long as was asked for (%i ms into a second)',
    ms => {
      const { notAfter } = issueAt(start + ms, 1000)
      expect(notAfter).toBe(start + (ms === 0 ? 1000 : 2000))
    },
  )

  test('ends a leaf no later than was asked for where its end is waited for', () => {
    now = start + 999
    const request = { id, publicKey, lifetimeMs: 1000, atMost: true, serial: authority.newSerial() }
    expect(authority.issueWorkload(request).notAfter).toBe(start + 1000)
  })

  test('never takes a leaf beyond its issuer, on either side', () => {
    const { notBefore, notAfter } = issueAt(start, 100 * day)
    expect([notBefore, notAfter]).toEqual([start - 60_000, start + 10 * day])
  })

  test('of an expired issuer is refused', () => {
    expect(codeOf(() => issueAt(start + 11 * day, hour))).toBe('issuer-expired')
    expect(codeOf(() => issueAt(start - day, hour))).toBe('issuer-expired')
  })
})

test('serials are positive, 128 bits long and do not repeat', () => {
  const { newSerial } = authorityFor()
  const serials = Array.from({ length: 10_000 }, newSerial)
  expect(new Set(serials).size).toBe(serials.length)
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/)
})

describe('a stored authority', () => {
  const options = { trustDomain: 'hop.lab', clock: Date.now }
  const state = authorityFor().exportState()
  const [generation] = state.generations as [AuthorityState['generations'][number]]
  const { root, public: names } = generation
  const but = (change: object) => ({ ...state, generations: [{ ...generation, ...change }] })

  test.each([
    ['of another version', { ...state, version: 3 }],
    ['without any CA', { ...state, generations: [] }],
    ['of which nothing signs', but({ signs: false })],
    ['whose key is of another certificate', but({ root: { ...root, privateKey: names.privateKey } })],
    ['whose certificate is cut off', but({ root: { ...root, certificate: root.certificate.slice(0, 200) } })],
    ['without a key', but({ public: { certificate: names.certificate } })],
    ['without an intermediate', but({ workloads: undefined })],
  ])('%s is refused', (_, broken) => {
    expect(codeOf(() => openAuthority(broken as never, options))).toBe('authority-state')
  })

  test('of the first version opens with the CAs it had', () => {
    const { root, workloads, public: names } = generation
    const opened = openAuthority({ version: 1, root, workloads, public: names }, options)
    expect(opened.trustBundle()).toEqual([root.certificate])
    expect(opened.exportState()).toEqual(state)
  })
})

test('a CRL is refused with an unknown reason, a number that is none, or no time to live', () => {
  const { crls, newSerial } = authorityFor()
  const revoked = [{ serial: newSerial(), at: 0, reason: 'boredom' as never }]
  expect(isRevocationReason('boredom')).toBe(false)
  expect(codeOf(() => crls({ revoked, number: 1 }))).toBe('crl-reason')
  expect(codeOf(() => crls({ revoked: [], number: -1 }))).toBe('crl-number')
  expect(codeOf(() => crls({ revoked: [], number: 1, lifetimeMs: -hour }))).toBe('crl-times')
})
