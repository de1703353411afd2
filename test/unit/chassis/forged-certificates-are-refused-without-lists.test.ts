import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type Profile, profileList } from '../../../pki/profiles.ts'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { createControlInspection, createInspection } from '../../../services/chassis/inspection.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream } from '../../../services/chassis/upstream.ts'
import { bareTls, createCleanup, createMesh, idOf, originOf, serve } from './mesh.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const lax = (profile: Profile) =>
  profile.bends.some(aspect => aspect === 'key' || aspect === 'hash') ? { ciphers: 'DEFAULT:@SECLEVEL=0' } : {}
const forged = profileList.filter(({ refused }) => refused.by !== 'nobody')
const sound = profileList.filter(({ refused }) => refused.by === 'nobody')

/** OpenSSL is given no lists: whatever it complained of first with them stands alone now. */
const soft = (name: string) => {
  const trust = { ...mesh.trust(), revocation: 'soft-fail' as const, revoked: [], version: 1 }
  const credentials = createCredentials({ trust })
  credentials.setWorkload(mesh.mint(name))
  return credentials
}

/** What came of a call to a callee that shows a certificate of this kind, and how many bytes it was sent. */
const called = async (profile: Profile & { name: string }, control: boolean) => {
  const callee = control ? 'control' : 'orders'
  const pair = mesh.mint(callee, [profile.name])
  let heard = 0
  let server: ReturnType<typeof createServer>
  try {
    server = createServer({ key: pair.key, cert: pair.chain, ...lax(profile) }, socket => {
      socket.on('error', () => {})
      socket.on('data', bytes => {
        heard += bytes.length
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}')
      })
    })
  } catch {
    return { heard, said: 'not even loaded' }
  }
  cleanup.add(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const own = soft('gateway')
  const inspect = control ? createControlInspection(own) : createInspection(own, Date.now)
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const spec = { link: 'a:b', callee, transport: 'mtls' as const, address, id: idOf(callee), verify: true }
  const credentials = { ...own, client: (prove: boolean) => own.client(prove, control) }
  const upstream = createUpstream({ spec, credentials, telemetry: createTelemetry('gateway'), inspect })
  cleanup.add({ close: upstream.destroy })
  const request = { origin: originOf(spec), method: 'POST' as const, path: '/', body: 'a secret' }
  const answer = await upstream
    .dispatcher()
    .request(request)
    .catch(() => undefined)
  await answer?.body.dump()
  return { heard, said: answer?.statusCode ?? 'refused' }
}

describe.each([
  ['another workload', false],
  ['the control plane', true],
] as const)('without lists, a callee that says it is %s', (_, control) => {
  test.each(sound)('and shows a certificate that is $name is told the request', async profile => {
    expect(await called(profile, control)).toMatchObject({ said: 200, heard: expect.any(Number) })
  })

  test.each(forged)('and shows one that is $name is told nothing', async profile => {
    const { said, heard } = await called(profile, control)
    expect(said).not.toBe(200)
    expect(heard).toBe(0)
  })
})

describe('without lists, a caller', () => {
  const calls = async (profile: Profile & { name: string }) => {
    const own = soft('orders')
    const callee = cleanup.add(await serve(own, ['mtls'], { inspect: createInspection(own, Date.now) }))
    const { key, chain } = mesh.mint('gateway', [profile.name])
    return bareTls(callee.address, { key, cert: chain, ...lax(profile) }).catch(() => ({ text: '' }))
  }

  test.each(sound)('with a certificate that is $name is who it says', async profile => {
    expect((await calls(profile)).text).toContain(idOf('gateway'))
  })

  test.each(forged)('with one that is $name is not', async profile => {
    const { text } = await calls(profile)
    if (profile.refused.by === 'authorization') expect(text).not.toContain(idOf('gateway'))
    else expect(text).toBe('')
  })
})
