import { afterEach, describe, expect, test } from 'vitest'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import type { KeyPair, Trust } from '../../../services/chassis/tls-options.ts'
import { codeOf } from '../pki/issued.ts'
import { createCleanup, createMesh, dial, idOf, serve, uncheckedCredentials } from './mesh.ts'

const mesh = createMesh()
const stranger = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const good = () => mesh.mint('orders')
const garbage = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n'

const badPairs: [what: string, code: string, pair: () => KeyPair][] = [
  ['a key that is not its own', 'key-mismatch', () => ({ key: good().key, chain: good().chain })],
  ['of another workload', 'wrong-identity', () => mesh.mint('gateway')],
  ['expired', 'certificate-expired', () => mesh.mint('orders', ['expired'])],
  ['not an SVID: two URIs', 'svid-many-uris', () => mesh.mint('orders', ['two-uris'])],
  ['not an SVID: a CA', 'svid-is-ca', () => mesh.mint('orders', ['ca-leaf'])],
  ['not an SVID: a public name', 'svid-no-client-auth', () => mesh.mintPublic('shop.hop.lab')],
  ['garbage', 'bad-credentials', () => ({ key: good().key, chain: garbage })],
  ['a garbage key', 'bad-credentials', () => ({ key: 'no key', chain: good().chain })],
  ['nothing', 'bad-credentials', () => ({ key: '', chain: '' })],
  ['a weak key', 'key-rsa-too-short', () => mesh.mint('orders', ['weak-rsa-1024'])],
]

const badTrusts: [what: string, field: string, trust: () => Trust][] = [
  ['a garbage bundle', 'bundle', () => ({ ...mesh.trust(), bundle: [garbage] })],
  ['text for a bundle', 'bundle', () => ({ ...mesh.trust(), bundle: ['not a certificate'] })],
  [
    'half a bundle',
    'bundle',
    () => ({ ...mesh.trust(), bundle: mesh.trust().bundle.map(pem => pem.slice(0, pem.length / 2)) }),
  ],
  ['an empty bundle', 'bundle', () => ({ ...mesh.trust(), bundle: [] })],
  ['a leaf in the bundle', 'bundle', () => ({ ...mesh.trust(), bundle: [good().certificate] })],
  ['one root of two that is garbage', 'bundle', () => ({ ...mesh.trust(), bundle: [...mesh.trust().bundle, garbage] })],
  [
    'a garbage CRL',
    'crl',
    () => ({ ...mesh.trust(), crl: ['-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'] }),
  ],
  ['text for a CRL', 'crl', () => ({ ...mesh.trust(), crl: ['not a list'] })],
]

/** A callee and its store, proven to serve; `stillServes` proves it again by a fresh handshake. */
const serving = async () => {
  const store = mesh.credentials('orders')
  const callee = cleanup.add(await serve(store, ['mtls']))
  const stillServes = async () => {
    const caller = dial(mesh.credentials('gateway'), callee.address, 'mtls')
    expect(await caller.ask()).toMatchObject({ status: 200, body: { peer: { id: idOf('gateway') } } })
    expect(caller.records()[0]).toMatchObject({ peer: { id: idOf('orders'), serial: store.held()[0]?.serial } })
    await caller.close()
  }
  await stillServes()
  return { store, stillServes }
}

describe('a replacement that would not work is refused by name, and the old one serves on', () => {
  test.each(badPairs)('certificate: %s is %s', async (_, code, pair) => {
    const { store, stillServes } = await serving()
    const before = { held: store.held(), generation: store.generation() }
    expect(codeOf(() => store.setWorkload(pair()))).toBe(code)
    expect({ held: store.held(), generation: store.generation() }).toEqual(before)
    await stillServes()
  })

  test.each(badTrusts)('trust: %s', async (_, field, trust) => {
    const { store, stillServes } = await serving()
    const before = { trust: store.trust(), generation: store.generation() }
    expect(() => store.setTrust(trust())).toThrow(expect.objectContaining({ code: 'bad-credentials', field }))
    expect({ trust: store.trust(), generation: store.generation() }).toEqual(before)
    await stillServes()
  })

  test('a public name: another name, expired, not its key', () => {
    const store = mesh.credentials('edge')
    store.setPublic('shop.hop.lab', mesh.mintPublic('shop.hop.lab'))
    const before = { held: store.held(), context: store.publicServer('SHOP.hop.lab') }
    const set = (pair: KeyPair) => codeOf(() => store.setPublic('shop.hop.lab', pair))
    expect(set(mesh.mintPublic('other.hop.lab'))).toBe('wrong-name')
    expect(set(mesh.mintPublic('shop.hop.lab', ['expired']))).toBe('certificate-expired')
    expect(set({ ...mesh.mintPublic('shop.hop.lab'), key: good().key })).toBe('key-mismatch')
    expect({ held: store.held(), context: store.publicServer('shop.hop.lab') }).toEqual(before)
  })

  test('time is what the clock says', () => {
    const { key, chain } = good()
    const late = createCredentials({ trust: mesh.trust(), clock: () => Date.now() + 2 * 3600_000 })
    expect(codeOf(() => late.setWorkload({ key, chain }))).toBe('certificate-expired')
    expect(codeOf(() => late.client(true))).toBe('not-enrolled')
    expect(codeOf(() => late.serverOptions(false))).toBe('not-enrolled')
  })

  test('what was given can be changed afterwards without effect', () => {
    const trust = mesh.trust()
    const store = createCredentials({ trust })
    trust.bundle.push(garbage)
    trust.crl.length = 0
    expect(store.trust()).toMatchObject({
      bundle: [expect.any(String)],
      crl: [expect.any(String), expect.any(String), expect.any(String)],
    })
  })
})

describe('a hot swap under load', () => {
  test('of the certificate: every request is answered, and the new one is shown at the end', async () => {
    const store = mesh.credentials('orders')
    const callee = cleanup.add(await serve(store, ['mtls']))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'mtls'))
    for (let generation = 0; generation < 15; generation++) {
      const asked = Array.from({ length: 20 }, () => caller.ask())
      store.setWorkload(mesh.mint('orders'))
      if (generation % 3 === 0) await caller.upstream.replace(caller.upstream.spec())
      for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ status: 200 })
    }
    const fresh = cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'mtls'))
    await fresh.ask()
    expect(fresh.records()[0]?.peer).toMatchObject({ serial: store.held()[0]?.serial })
  })

  test('of a root, trust first: nobody is refused; after the old one went, the stranger is back to being one', async () => {
    const store = mesh.credentials('orders')
    const callee = cleanup.add(await serve(store, ['mtls']))
    const asked = async () => {
      const own = stranger.mint('gateway')
      const caller = dial(uncheckedCredentials(own, mesh.trust()), callee.address, 'mtls')
      const answer = await caller.ask()
      await caller.close()
      return answer
    }
    expect(await asked()).toMatchObject({ failure: 'connection-closed' })
    const both = [mesh.trust(), stranger.trust()]
    store.setTrust({ bundle: both.flatMap(t => t.bundle), crl: both.flatMap(t => t.crl) })
    expect(await asked()).toMatchObject({ status: 200, body: { peer: { id: idOf('gateway') } } })
    store.setTrust(mesh.trust())
    expect(await asked()).toMatchObject({ failure: 'connection-closed' })
  })
})
