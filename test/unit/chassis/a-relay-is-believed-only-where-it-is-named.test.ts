import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { listenerLimits } from '../../../services/chassis/listener.ts'
import type { Endpoint } from '../../../services/chassis/peers.ts'
import { encodeProxyHeader } from '../../../services/chassis/proxy-protocol.ts'
import { createCleanup, createMesh, serve, until, untilClosed } from './mesh.ts'

const mesh = createMesh()
const orders = mesh.credentials('orders')
const cleanup = createCleanup()
afterEach(cleanup.run)

const headerOf = (host: string, port: number) =>
  encodeProxyHeader({ source: { host, port }, destination: { host: '198.51.100.1', port: 443 } })
const caller = headerOf('10.7.0.5', 40_123)
const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const loopback = (address: string) => address === '127.0.0.1'

const listening = async (more: Parameters<typeof serve>[2]) =>
  cleanup.add(
    await serve(orders, ['plaintext', 'tls', 'mtls'], {
      onRequest: (_request, response, { remoteAddress, remotePort, transport }) =>
        void response.end(`${transport} ${remoteAddress} ${remotePort}`),
      ...more,
    }),
  )

const dialled = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const overTls = async (port: number, pieces: readonly Buffer[]): Promise<string> => {
  const raw = await dialled(port)
  for (const piece of pieces) {
    raw.write(piece)
    await new Promise(setImmediate)
  }
  const socket = tlsConnect({ socket: raw, rejectUnauthorized: false })
  socket.on('error', () => {})
  socket.write(request)
  return untilClosed(socket)
}

const inPlaintext = async (port: number, bytes: Buffer | string): Promise<string> => {
  const socket = await dialled(port)
  socket.write(bytes)
  return untilClosed(socket)
}

describe('the relay that the settings name', () => {
  test.each([
    ['in one piece', [caller]],
    ['byte by byte', [...caller].map(byte => Buffer.of(byte))],
  ])('says who connected, and its word is the connection’s own origin, %s', async (_, pieces) => {
    const callee = await listening({ isRelay: loopback })
    expect(await overTls(callee.address.port, pieces)).toContain('tls 10.7.0.5 40123')
    expect(callee.admitted()).toMatchObject([{ transport: 'tls', remoteAddress: '10.7.0.5', remotePort: 40_123 }])
    expect(callee.admitted()[0]).not.toHaveProperty('proxiedBy')
  })

  test('says so of plaintext too, in the same segment as the request', async () => {
    const callee = await listening({ isRelay: loopback })
    const told = await inPlaintext(callee.address.port, Buffer.concat([caller, Buffer.from(request)]))
    expect(told).toContain('plaintext 10.7.0.5 40123')
  })

  test('is asked for by name where an address has to be looked up first', async () => {
    const callee = await listening({ isRelay: async address => loopback(address) })
    expect(await overTls(callee.address.port, [caller])).toContain('tls 10.7.0.5 40123')
  })

  test('must say so: whatever else comes first is refused', async () => {
    const callee = await listening({ isRelay: loopback })
    await overTls(callee.address.port, [])
    await inPlaintext(callee.address.port, request)
    const cause = { name: 'bad-proxy-header', code: 'proxy-header-malformed' }
    expect(callee.failures()).toEqual([cause, cause])
    expect(callee.admitted()).toEqual([])
  })

  test('must come to an end with it', async () => {
    const callee = await listening({ isRelay: loopback, limits: { ...listenerLimits, firstByteMs: 50 } })
    await inPlaintext(callee.address.port, caller.subarray(0, 20))
    expect(callee.failures()).toMatchObject([{ name: 'handshake-timeout' }])
  })

  test('says it once: a second header is the caller’s, and nobody’s to believe', async () => {
    const callee = await listening({ isRelay: loopback })
    callee.listener.setAccepts(['tls'])
    await inPlaintext(callee.address.port, Buffer.concat([caller, headerOf('203.0.113.77', 1)]))
    expect(callee.failures()).toMatchObject([{ name: 'plaintext-to-tls' }])
    expect(callee.records()).toMatchObject([{ remoteAddress: '10.7.0.5' }])
  })

  test('is itself the caller where it speaks for itself', async () => {
    const callee = await listening({ isRelay: loopback })
    const local = Buffer.from(`${caller.subarray(0, 12).toString('hex')}20000000`, 'hex')
    expect(await overTls(callee.address.port, [local])).toContain('tls 127.0.0.1')
  })

  test('leaves what is taken over unread, and tells who connected', async () => {
    const peers: Endpoint[] = []
    const callee = await listening({
      isRelay: loopback,
      takeOver: (_socket, peer) => {
        peers.push(peer)
        return false
      },
    })
    expect(await overTls(callee.address.port, [caller])).toContain('tls 10.7.0.5 40123')
    expect(peers).toEqual([{ address: '10.7.0.5', port: 40_123 }])
  })

  test('leaves nothing behind when it goes in the middle of it', async () => {
    const callee = await listening({ isRelay: loopback })
    const socket = await dialled(callee.address.port)
    socket.write(caller.subarray(0, 20))
    socket.destroy()
    expect(await overTls(callee.address.port, [caller])).toContain('tls 10.7.0.5 40123')
    await until(() => callee.listener.connections.all().length === 0)
  })
})

describe('behind it, an edge’s own header', () => {
  test('is believed where the edge is who connected', async () => {
    const callee = await listening({ isRelay: loopback, proxyTrust: () => ({ from: ['10.7.0.5'] }) })
    const said = await overTls(callee.address.port, [caller, headerOf('203.0.113.77', 4711)])
    expect(said).toContain('tls 203.0.113.77 4711')
    expect(callee.admitted()).toMatchObject([
      { remoteAddress: '203.0.113.77', remotePort: 4711, proxiedBy: '10.7.0.5', proxyPort: 40_123 },
    ])
  })

  test('is not believed because the relay would be', async () => {
    const callee = await listening({ isRelay: loopback, proxyTrust: () => ({ from: ['127.0.0.1'] }) })
    callee.listener.setAccepts(['tls'])
    await overTls(callee.address.port, [caller, headerOf('203.0.113.77', 4711)])
    expect(callee.failures()).toMatchObject([{ name: 'plaintext-to-tls' }])
    expect(callee.records()).toMatchObject([{ remoteAddress: '10.7.0.5' }])
  })
})

describe('anybody else', () => {
  test.each([
    ['another address than the relay’s', { isRelay: (address: string) => address === '127.0.0.9' }],
    ['no relay at all', {}],
  ])('is not believed (%s)', async (_, more) => {
    const callee = await listening(more)
    callee.listener.setAccepts(['tls'])
    await overTls(callee.address.port, [caller])
    expect(callee.failures()).toMatchObject([{ name: 'plaintext-to-tls' }])
    expect(callee.records()).toMatchObject([{ remoteAddress: '127.0.0.1' }])
    expect(callee.admitted()).toEqual([])
  })

  test('needs no header', async () => {
    const callee = await listening({ isRelay: address => address === '127.0.0.9' })
    expect(await overTls(callee.address.port, [])).toMatch(/tls 127\.0\.0\.1 \d+/)
  })

  test('is refused where it cannot be told who is the relay', async () => {
    const callee = await listening({ isRelay: () => Promise.reject(new Error('no resolver')) })
    await overTls(callee.address.port, [])
    expect(callee.failures()).toHaveLength(1)
    expect(callee.admitted()).toEqual([])
  })
})
