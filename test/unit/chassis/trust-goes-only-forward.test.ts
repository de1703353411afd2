import { describe, expect, test } from 'vitest'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { describeTrust, takeTrust } from '../../../services/chassis/trust-held.ts'
import { codeOf } from '../pki/issued.ts'
import { createMesh } from './mesh.ts'

const mesh = createMesh()
const older = { ...mesh.trust(), version: 1 }
const newer = { ...mesh.trust(['0a']), version: 2 }

const holding = (trust = newer) => {
  const store = createCredentials({ trust })
  store.setWorkload(mesh.mint('orders'))
  return store
}

describe('trust that was rolled back is refused, and what is held stays', () => {
  const kept = (trust: Parameters<ReturnType<typeof holding>['setTrust']>[0], code: string) => {
    const store = holding()
    const before = { trust: store.trust(), generation: store.generation() }
    expect(codeOf(() => store.setTrust(trust))).toBe(code)
    expect({ trust: store.trust(), generation: store.generation() }).toEqual(before)
  }

  test('by its version', () => kept({ ...newer, version: 1 }, 'trust-rolled-back'))
  test('by the number of one of its lists', () => kept({ ...older, version: 3 }, 'crl-rolled-back'))
  test('by a list of an issuer of whom none is held just now', () => {
    const store = holding()
    store.setTrust({ ...newer, crl: [], version: 3 })
    expect(codeOf(() => store.setTrust({ ...older, version: 4 }))).toBe('crl-rolled-back')
    store.setTrust({ ...newer, version: 4 })
    expect(store.trust().version).toBe(4)
  })
})

test('the same trust under a later version moves nobody, other lists or another policy do', () => {
  const store = holding()
  const generation = store.generation()
  expect(store.setTrust({ ...newer, version: 3 })).toBe(false)
  expect([store.generation(), store.trust().version]).toEqual([generation, 3])
  expect(store.setTrust({ ...newer, version: 3, revocation: 'soft-fail' })).toBe(true)
  expect(store.setTrust({ ...mesh.trust(), version: 4, revocation: 'soft-fail' })).toBe(true)
  expect(store.generation()).toBe(generation + 2)
})

test('half a bundle or half a list is no trust', () => {
  const store = holding()
  const { bundle, crl, version } = { ...mesh.trust(), version: 5 }
  const half = (text = '') => text.slice(0, text.length / 2)
  expect(codeOf(() => store.setTrust({ bundle: [half(bundle[0])], crl, version }))).toBe('bad-credentials')
  expect(codeOf(() => store.setTrust({ bundle, crl: [half(crl[0]), ...crl.slice(1)], version }))).toBe(
    'bad-credentials',
  )
  expect(store.trust()).toEqual(newer)
})

test('what is held is told by key identifiers and numbers', () => {
  const told = describeTrust(takeTrust(newer))
  expect(told.version).toBe(2)
  expect(told.roots).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)])
  expect(told.crls.map(({ number }) => number)).toEqual([2, 2, 2])
  expect(told.crls.some(({ issuer }) => issuer === told.roots[0])).toBe(true)
  for (const { thisUpdate, nextUpdate } of told.crls)
    expect(Date.parse(thisUpdate)).toBeLessThan(Date.parse(nextUpdate))
})
