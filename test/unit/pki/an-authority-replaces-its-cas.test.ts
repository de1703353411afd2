import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readCrl } from '../../../pki/crl-read.ts'
import { authorityKeyId, subjectKeyId } from '../../../pki/key-identifiers.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { handshake } from './handshake.ts'
import { authorityFor } from './issued.ts'

const minted = (authority: ReturnType<typeof authorityFor>, from?: string) => {
  const { privateKey, publicKey } = generateKey()
  const serial = authority.newSerial()
  const request = { id: 'spiffe://hop.lab/orders', publicKey, serial, lifetimeMs: 3_600_000, from }
  const { chain, issuer } = authority.issueWorkload(request)
  return { key: privateKeyPem(privateKey), cert: chain, issuer }
}

const given = (authority: ReturnType<typeof authorityFor>, number = 1) => ({
  ca: authority.trustBundle(),
  crl: authority.crls({ revoked: [], number }),
})

const issuersOf = (crls: string[]) => crls.map(crl => readCrl(crl).issuer).toSorted()

describe.each(['root', 'intermediate'] as const)('a new %s', what => {
  const begun = () => {
    const authority = authorityFor()
    const [old] = authority.generations()
    return { authority, old: old!.id, next: authority.add(what) }
  }

  test('neither signs nor is trusted before it is said so', () => {
    const { authority, old } = begun()
    expect(authority.trustBundle()).toHaveLength(1)
    expect(given(authority).crl).toHaveLength(3)
    expect(minted(authority).issuer).toBe(old)
  })

  test('is trusted with a list of each of its CAs beside the old ones', () => {
    const { authority, old, next } = begun()
    authority.arrange(old, [old, next])
    expect(authority.trustBundle()).toHaveLength(what === 'root' ? 2 : 1)
    expect(issuersOf(given(authority).crl)).toEqual(
      authority
        .cas()
        .map(({ id }) => id)
        .toSorted(),
    )
    expect(minted(authority).issuer).toBe(old)
  })

  test('signs when it is told to, and is accepted by who has been given the trust', async () => {
    const { authority, old, next } = begun()
    authority.arrange(next, [old, next])
    const both = given(authority)
    const fresh = minted(authority)
    expect(fresh.issuer).toBe(next)
    expect(authorityKeyId(new X509Certificate(fresh.cert))).toBe(next)
    for (const pair of [fresh, minted(authority, old)])
      expect((await handshake({ ...pair, ...both }, { ...pair, ...both })).serverSaw).toBeUndefined()
  })

  test('is alone after the old one was distrusted: who shows the old one is refused', async () => {
    const { authority, old, next } = begun()
    authority.arrange(next, [old, next])
    const [fresh, stale] = [minted(authority), minted(authority, old)]
    authority.arrange(next, [next])
    const refusal = what === 'root' ? 'UNABLE_TO_GET_CRL' : 'CERT_REVOKED'
    const seen = async () =>
      (await handshake({ ...fresh, ...given(authority) }, { ...stale, ...given(authority) })).serverSaw
    expect(await seen()).toBe(refusal)
    authority.forget(old)
    expect(await seen()).toBe(refusal)
    expect(
      (await handshake({ ...fresh, ...given(authority) }, { ...fresh, ...given(authority) })).serverSaw,
    ).toBeUndefined()
    expect(authority.exportState().generations).toHaveLength(1)
    expect(authority.cas().map(({ active }) => active)).toEqual([true, true, true])
  })

  test('goes as it came: the old one signs and is trusted again', () => {
    const { authority, old, next } = begun()
    const [before] = authority.trustBundle()
    authority.arrange(next, [next])
    authority.arrange(old, [old, next])
    authority.arrange(old, [old])
    authority.forget(next)
    expect(authority.trustBundle()).toEqual([before])
    expect(minted(authority).issuer).toBe(old)
  })

  test('never gives up the CA that signs', () => {
    const { authority, old } = begun()
    const before = authority.exportState()
    expect(() => authority.forget(old)).toThrow(expect.objectContaining({ code: 'generation-in-use' }))
    expect(authority.exportState()).toEqual(before)
  })

  test('is what it was after it was stored, and taken back where it was not', () => {
    const { authority, old, next } = begun()
    const before = authority.exportState()
    authority.arrange(next, [old, next])
    authority.restore(JSON.parse(JSON.stringify(before)))
    expect(authority.exportState()).toEqual(before)
    expect(minted(authority).issuer).toBe(old)
  })
})

test('a superseded CA is on its root’s list until it has run out', () => {
  let now = Date.now()
  const authority = authorityFor({ clock: () => now, lifetimes: { intermediateMs: 1_000_000 } })
  const [old] = authority.generations()
  const serial = new X509Certificate(authority.certificates().workloads).serialNumber.toLowerCase()
  const next = authority.add('intermediate')
  authority.arrange(next, [next])
  authority.forget(old!.id)
  const ofRoot = () => readCrl(authority.crls({ revoked: [], number: 1 })[0]!)
  expect(ofRoot().issuer).toBe(subjectKeyId(new X509Certificate(authority.trustBundle()[0]!)))
  expect(ofRoot().revoked().has(serial)).toBe(true)
  now += 1_000_001
  expect(ofRoot().revoked().has(serial)).toBe(false)
})
