import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSecureContext, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Profile, profileList } from '../../../pki/profiles.ts'
import { failureOf } from '../../../services/chassis/failures.ts'
import { bareTls, createCleanup, createMesh, dial, idOf, serve, uncheckedCredentials } from './mesh.ts'

const mesh = createMesh()
const trust = mesh.trust()
const cleanup = createCleanup()
afterAll(cleanup.run)

// A forger's own stack is as lax as it takes to get his key on the wire.
const lax = (profile: Profile) =>
  profile.bends.some(aspect => aspect === 'key' || aspect === 'hash') ? { ciphers: 'DEFAULT:@SECLEVEL=0' } : {}

const forged = profileList.filter(({ refused }) => refused.by !== 'nobody')
let callee: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  callee = cleanup.add(await serve(mesh.credentials('orders', trust), ['mtls']))
})

/** Names that say that the certificate was the reason, and not some accident on the way. */
const becauseOfTheCertificate =
  /^(certificate-|unknown-authority|missing-intermediate|self-signed|wrong-usage|constraint-violated|path-too-long|weak-key|crl-missing|not-an-svid|wrong-identity)/

describe(`${forged.length} kinds of forged certificate`, () => {
  test('are all the table has but the sound one, and more than forty', () => {
    expect(forged.length).toBe(profileList.length - 1)
    expect(forged.length).toBeGreaterThan(40)
  })

  test('the sound one is accepted on both ends', async () => {
    const pair = mesh.mint('gateway')
    const outcome = await bareTls(callee.address, { key: pair.key, cert: pair.chain })
    expect(outcome.text).toContain(idOf('gateway'))
    const caller = cleanup.add(dial(mesh.credentials('gateway', trust), callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ status: 200 })
  })

  test.each(forged)('a caller with one that is $name is not accepted', async profile => {
    const before = callee.telemetry.observations(0, []).cursor
    const pair = mesh.mint('gateway', [profile.name])
    const asked = await bareTls(callee.address, { key: pair.key, cert: pair.chain, ...lax(profile) }).catch(error => ({
      text: '',
      failure: failureOf(error).name,
    }))
    const seen = callee.telemetry.observations(before, []).connections
    if (profile.refused.by === 'authorization' && asked.text !== '') {
      // chain and form are sound: he is who he says, and that is not the gateway
      expect(asked.text).not.toContain(idOf('gateway'))
      expect(seen[0]?.peer).toMatchObject({ kind: 'authenticated', id: expect.not.stringContaining('gateway') })
      return
    }
    expect(asked.text).toBe('')
    if (profile.refused.by === 'handshake') return expect(seen.every(({ failure }) => failure)).toBe(true)
    expect(seen.map(({ failure }) => failure?.name)).toEqual([expect.stringMatching(becauseOfTheCertificate)])
    // OpenSSL's security level sees to weak keys and digests before readSvid does
    const byLevel = Object.keys(lax(profile)).length > 0 && seen[0]?.failure?.code === 'UNSPECIFIED'
    if (profile.refused.by === 'svid' && !byLevel) expect(seen[0]?.failure?.code).toBe(profile.refused.code)
    if (profile.refused.by === 'chain') expect(seen[0]?.failure?.code).toBe(profile.refused.codeWithCrls)
  })

  test.each(forged)('a callee with one that is $name is not accepted', async profile => {
    const pair = mesh.mint('orders', [profile.name])
    let context: ReturnType<typeof createSecureContext>
    try {
      context = createSecureContext({ key: pair.key, cert: pair.chain, ...lax(profile) })
    } catch {
      // the forger cannot even load it
      return expect(profile.refused.by).toBe('handshake')
    }
    const server = createServer(socket => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
    server.setSecureContext({ key: pair.key, cert: pair.chain, ...lax(profile) })
    expect(context).toBeDefined()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    const caller = dial(uncheckedCredentials(mesh.mint('gateway'), trust), address, 'mtls')
    const asked = await caller.ask()
    await caller.close()
    server.close()
    expect(asked.status).toBeUndefined()
    if (profile.refused.by === 'handshake') return
    // Ours speaks TLS 1.3, where a weak key has no signature algorithm left to sign with
    if (!lax(profile).ciphers) expect(asked.failure).toMatch(becauseOfTheCertificate)
  })
})
