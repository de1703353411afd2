import { createSecureContext as createContext } from 'node:tls'
import { Pool } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { type FailureName, failureNamed, failureNames, failureOf } from '../../../services/chassis/failures.ts'
import type { KeyPair } from '../../../services/chassis/tls-options.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { bareServer } from './bare-servers.ts'
import { bareTls, createCleanup, createMesh, dial, serve, uncheckedCredentials, until } from './mesh.ts'

const mesh = createMesh()
const roots = mesh.rootsOnly()
const cleanup = createCleanup()
afterEach(cleanup.run)

/** A bare undici client, as the public has: its own name check, no SPIFFE. */
const publicClient = async (address: Address, version: 'TLSv1.2' | 'TLSv1.3', servername: string) => {
  const connecting = { ca: roots.bundle, servername, minVersion: version, maxVersion: version }
  const pool = new Pool(`https://${address.host}:${address.port}`, { connect: connecting, allowH2: false })
  try {
    const answer = await pool.request({ method: 'GET', path: '/', headers: { host: servername } })
    await answer.body.dump()
    return 'accepted'
  } catch (error) {
    return failureOf(error).name
  } finally {
    await pool.destroy()
  }
}

describe('the client refuses the server', () => {
  const faults: [kind: string, name: FailureName][] = [
    ['expired', 'certificate-expired'],
    ['not-yet-valid', 'certificate-not-yet-valid'],
    ['unknown-ca', 'unknown-authority'],
    ['same-dn-ca', 'unknown-authority'],
    ['missing-intermediate', 'missing-intermediate'],
    ['self-signed', 'self-signed'],
    ['client-only-usage', 'wrong-usage'],
    ['path-length', 'path-too-long'],
  ]
  const workloadFaults: [kind: string, name: FailureName][] = [
    ...faults,
    ['name-constraint', 'constraint-violated'],
    ['wrong-san', 'wrong-identity'],
    ['no-san', 'not-an-svid'],
  ]

  test.each(workloadFaults)('workload, TLS 1.3: %s is %s', async (kind, name) => {
    const callee = cleanup.add(await serve(uncheckedCredentials(mesh.mint('orders', [kind]), roots), ['tls']))
    const caller = cleanup.add(dial(uncheckedCredentials(mesh.mint('gateway'), roots), callee.address, 'tls'))
    expect(await caller.ask()).toMatchObject({ failure: name })
    expect(caller.records()[0]).toMatchObject({ side: 'client', failure: { name } })
    await until(() => callee.records().length > 0)
    expect(callee.failures()[0]).toEqual({ name: 'connection-closed', code: 'ECONNRESET' })
  })

  test('workload, TLS 1.3: the unknown root sent too is unknown-authority', async () => {
    const stranger = createMesh()
    const pair = { ...stranger.mint('orders') }
    const whole = { key: pair.key, chain: pair.chain + stranger.authority.trustBundle()[0] }
    const callee = cleanup.add(await serve(uncheckedCredentials(whole, roots), ['tls']))
    const caller = cleanup.add(dial(uncheckedCredentials(mesh.mint('gateway'), roots), callee.address, 'tls'))
    expect(await caller.ask()).toMatchObject({ failure: 'unknown-authority', code: 'SELF_SIGNED_CERT_IN_CHAIN' })
  })

  test('workload, TLS 1.3: revoked is revoked', async () => {
    const pair = mesh.mint('orders')
    const callee = cleanup.add(await serve(uncheckedCredentials(pair, roots), ['tls']))
    const trust = mesh.trust([pair.serial])
    const caller = cleanup.add(dial(uncheckedCredentials(mesh.mint('gateway'), trust), callee.address, 'tls'))
    expect(await caller.ask()).toMatchObject({ failure: 'revoked' })
  })

  test('workload, TLS 1.3: an issuer without a list is crl-missing, an old list crl-stale', async () => {
    const callee = cleanup.add(await serve(uncheckedCredentials(mesh.mint('orders'), roots), ['tls']))
    const asked = (crl: string[]) =>
      cleanup.add(dial(uncheckedCredentials(mesh.mint('gateway'), { ...roots, crl }), callee.address, 'tls')).ask()
    expect(await asked(mesh.trust().crl.slice(1, 2))).toMatchObject({ failure: 'crl-missing' })
    const old = mesh.authority.crls({ revoked: [], number: 1, lifetimeMs: -30_000 })
    expect(await asked(old)).toMatchObject({ failure: 'crl-stale' })
  })

  describe.each(['TLSv1.3', 'TLSv1.2'] as const)('the public, %s', version => {
    test.each([...faults, ['wrong-san', 'wrong-name'] as [string, FailureName]])('%s is %s', async (kind, name) => {
      const pair = mesh.mintPublic('shop.hop.lab', [kind])
      const edge = cleanup.add(
        await serve(uncheckedCredentials(pair, roots, shows(pair)), ['tls'], { publicOnly: true }),
      )
      expect(await publicClient(edge.address, version, 'shop.hop.lab')).toBe(name)
      await until(() => edge.records().length > 0)
      // no alert is sent: under 1.2 the server believes that all went well
      const seen = edge.failures()[0]
      expect(seen).toEqual(version === 'TLSv1.2' ? undefined : { name: 'connection-closed', code: 'ECONNRESET' })
    })

    test('a certificate without SAN and CN=localhost is accepted by a client with no rule of its own', async () => {
      const pair = mesh.mintPublic('localhost.hop.lab', ['no-san'])
      const edge = cleanup.add(
        await serve(uncheckedCredentials(pair, roots, shows(pair)), ['tls'], { publicOnly: true }),
      )
      expect(await publicClient(edge.address, version, 'localhost')).toBe('accepted')
    })
  })
})

describe('the server refuses the client', () => {
  const ours: [kind: string, name: FailureName][] = [
    ['expired', 'certificate-expired'],
    ['not-yet-valid', 'certificate-not-yet-valid'],
    ['unknown-ca', 'unknown-authority'],
    ['self-signed', 'self-signed'],
    ['server-only-usage', 'wrong-usage'],
    ['missing-intermediate', 'missing-intermediate'],
    ['name-constraint', 'constraint-violated'],
    ['path-length', 'path-too-long'],
    ['two-uris', 'not-an-svid'],
    ['other-trust-domain', 'wrong-identity'],
  ]

  test.each(ours)('%s is %s there, connection-closed here', async (kind, name) => {
    const callee = cleanup.add(await serve(uncheckedCredentials(mesh.mint('orders'), roots), ['mtls']))
    const rogue = uncheckedCredentials(mesh.mint('gateway', [kind]), roots)
    const caller = cleanup.add(dial(rogue, callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    expect(callee.failures()[0]).toMatchObject({ name })
    expect(callee.admitted()).toEqual([])
  })

  test('no certificate is no-client-certificate there', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['mtls']))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'tls'))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    expect(callee.failures()).toEqual([{ name: 'no-client-certificate', code: 'no-client-certificate' }])
  })

  test('revoked is revoked there', async () => {
    const pair = mesh.mint('gateway')
    const callee = cleanup.add(await serve(mesh.credentials('orders', mesh.trust([pair.serial])), ['mtls']))
    const caller = cleanup.add(dial(uncheckedCredentials(pair, mesh.trust()), callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    expect(callee.failures()[0]).toEqual({ name: 'revoked', code: 'CERT_REVOKED' })
  })

  // What our listener does not do, because the reason is lost: refuse inside the handshake.
  test.each(['TLSv1.3', 'TLSv1.2'] as const)('a strict server without a certificate, %s', async version => {
    const strict = await bareServer(cleanup, mesh, { requestCert: true, rejectUnauthorized: true, ca: roots.bundle })
    const outcome = await bareTls(strict.address, { maxVersion: version, minVersion: version })
    expect(outcome.failure).toBe(version === 'TLSv1.3' ? 'no-client-certificate' : 'no-shared-cipher')
    expect(strict.failures).toEqual(['no-client-certificate'])
  })

  test('a strict server loses the reason', async () => {
    const strict = await bareServer(cleanup, mesh, { requestCert: true, rejectUnauthorized: true, ca: roots.bundle })
    const { key, chain } = mesh.mint('gateway', ['expired'])
    await bareTls(strict.address, { key, cert: chain })
    expect(strict.failures).toEqual(['connection-closed'])
  })
})

describe('the vocabulary', () => {
  test('names the innermost known code of a chain of causes', () => {
    const cause = Object.assign(new Error('inner'), { code: 'CERT_HAS_EXPIRED' })
    const outer = Object.assign(new TypeError('fetch failed', { cause }), { code: 'UND_ERR_SOCKET' })
    expect(failureOf(outer)).toMatchObject({ name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' })
  })

  test('keeps a code it does not know instead of guessing at it', () => {
    expect(failureOf({ code: 'EBRANDNEW' })).toMatchObject({ name: 'connection-closed', code: 'EBRANDNEW' })
    for (const nothing of [undefined, null, 7, 'x', {}]) expect(failureOf(nothing).code).toBe('UNKNOWN')
  })

  test('ends on a circle of causes', () => {
    const circle: { code: string; cause?: unknown } = { code: 'ECONNREFUSED' }
    circle.cause = circle
    expect(failureOf(circle).name).toBe('connection-refused')
  })

  test.each(failureNames)('%s has a cause and a remedy', name => {
    expect(failureNamed(name).cause.length).toBeGreaterThan(10)
    expect(failureNamed(name).remedy.length).toBeGreaterThan(5)
  })
})

function shows(pair: KeyPair) {
  const context = uncheckedCredentials(pair, roots)
  return {
    publicServer: (name: string) =>
      name === 'nobody.hop.lab' ? undefined : createContext(context.serverOptions(true)),
  }
}
