import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, createServer, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type Judgement, judgeCaller } from '../../../services/chassis/peer.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { bareTls, bodyOf, createCleanup, createMesh, idOf, serve, until } from './mesh.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const certOf = ({ key, chain }: { key: string; chain: string }) => ({ key, cert: chain })

/** Connects, reads an answer, and keeps every session it is given. */
const sessionsFrom = async (address: Address, options: ConnectionOptions): Promise<Buffer[]> => {
  const sessions: Buffer[] = []
  const socket = tlsConnect({ ...address, rejectUnauthorized: false, ...options })
  socket.on('session', session => sessions.push(session))
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  return sessions
}

describe('where a server hands out tickets (ours do not)', () => {
  const careless = async () => {
    const seen: { authorized: boolean; resumed: boolean; judgement: Judgement }[] = []
    const server = createServer(
      {
        ...certOf(mesh.mint('orders')),
        ca: mesh.authority.trustBundle(),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket: TLSSocket) => {
        socket.on('error', () => {})
        seen.push({
          authorized: socket.authorized,
          resumed: socket.isSessionReused(),
          judgement: judgeCaller(socket, 'hop.lab'),
        })
        socket.end('HTTP/1.1 200 OK\r\n\r\n')
      },
    )
    server.listen(0, '127.0.0.1')
    cleanup.add(server)
    await once(server, 'listening')
    return { seen, address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }
  }

  test('a resumed session with nobody there is anonymous, whatever `authorized` says of it', async () => {
    const { seen, address } = await careless()
    const [session] = await sessionsFrom(address, {})
    expect(session).toBeDefined()
    await sessionsFrom(address, { session })
    const judgement = { peer: { kind: 'anonymous', because: 'no-certificate' } }
    expect(seen).toMatchObject([
      { resumed: false, judgement },
      { resumed: true, judgement },
    ])
    // Node 24.21 says false above; others have said true (nodejs/node#35317)
    const claimed = { getPeerX509Certificate: () => undefined, authorized: true } as unknown as TLSSocket
    expect(judgeCaller(claimed, 'hop.lab')).toEqual(judgement)
  })

  test('a session of A presented with the certificate of B is A: why ours are given none', async () => {
    const { seen, address } = await careless()
    const [session] = await sessionsFrom(address, certOf(mesh.mint('gateway')))
    await sessionsFrom(address, { session, ...certOf(mesh.mint('inventory')) })
    expect(seen[1]).toMatchObject({ resumed: true, judgement: { peer: { id: idOf('gateway') } } })
  })
})

describe('our listener', () => {
  test('resumes no session, so A’s presented with B’s certificate, or with none, is never A', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls', 'mtls']))
    const sessions = await sessionsFrom(callee.address, certOf(mesh.mint('gateway')))
    const others = [certOf(mesh.mint('inventory')), {}]
    for (const session of [...sessions, ...(await sessionsFrom(callee.address, {}))])
      for (const other of others) {
        const { text, resumed } = await bareTls(callee.address, { session, ...other })
        expect(resumed).toBe(false)
        expect(text).not.toContain(idOf('gateway'))
      }
    expect(callee.records().every(({ resumed }) => resumed === false)).toBe(true)
  })

  test('lets no session of a public name in at the door of workloads', async () => {
    const store = mesh.credentials('orders')
    store.setPublic('shop.hop.lab', mesh.mintPublic('shop.hop.lab'))
    const callee = cleanup.add(await serve(store, ['mtls', 'tls']))
    const sessions = await sessionsFrom(callee.address, { servername: 'shop.hop.lab' })
    for (const session of sessions) {
      const { resumed, text } = await bareTls(callee.address, { session, servername: 'orders.svc.hop.lab' })
      expect(resumed).toBe(false)
      expect(bodyOf(text)).toMatchObject({ peer: { kind: 'anonymous' } })
    }
  })

  test('without tls among what it accepts a caller without a certificate is refused, even though TLS went well', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['mtls']))
    const outcome = await bareTls(callee.address, {})
    expect(outcome.text).toBe('')
    await until(() => callee.records().length > 0)
    expect(callee.records()).toMatchObject([{ failure: { name: 'no-client-certificate' } }])
  })

  test('a revoked serial is refused from the next connection on, its sibling is not', async () => {
    const store = mesh.credentials('orders')
    const callee = cleanup.add(await serve(store, ['mtls']))
    const [lost, kept] = [mesh.mint('gateway'), mesh.mint('gateway')]
    expect((await bareTls(callee.address, certOf(lost))).text).toContain(idOf('gateway'))
    store.setTrust(mesh.trust([lost.serial]))
    expect((await bareTls(callee.address, certOf(lost))).text).toBe('')
    expect(callee.failures()).toEqual([{ name: 'revoked', code: 'CERT_REVOKED' }])
    expect((await bareTls(callee.address, certOf(kept))).text).toContain(idOf('gateway'))
  })

  test('a certificate another trust domain’s authority issued for our name is refused', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['mtls']))
    expect((await bareTls(callee.address, certOf(createMesh().mint('gateway')))).text).toBe('')
    expect(callee.admitted()).toEqual([])
  })

  test('does not renegotiate', async () => {
    const store = mesh.credentials('edge')
    store.setPublic('shop.hop.lab', mesh.mintPublic('shop.hop.lab'))
    const edge = cleanup.add(await serve(store, ['tls'], { publicOnly: true }))
    const options = { servername: 'shop.hop.lab', maxVersion: 'TLSv1.2', rejectUnauthorized: false } as const
    const socket = tlsConnect({ ...edge.address, ...options })
    await once(socket, 'secureConnect')
    const code = await new Promise(resolve => {
      socket.once('error', error => resolve((error as { code?: string }).code))
      socket.renegotiate({}, error => resolve((error as { code?: string } | null)?.code ?? 'renegotiated'))
    })
    socket.destroy()
    expect(code).toMatch(/NO_RENEGOTIATION/)
  })
})
