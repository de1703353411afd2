import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProxyTrust } from '../../../services/chassis/desired.ts'
import { listenerLimits } from '../../../services/chassis/listener.ts'
import { encodeProxyHeader } from '../../../services/chassis/proxy-protocol.ts'
import { createCleanup, createMesh, serve, until, untilClosed } from './mesh.ts'

const mesh = createMesh()
const orders = mesh.credentials('orders')
const cleanup = createCleanup()
afterEach(cleanup.run)

const client = '203.0.113.77'
const header = encodeProxyHeader({
  source: { host: client, port: 40_000 },
  destination: { host: '198.51.100.1', port: 443 },
})
const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

const listening = async (trust: ProxyTrust | undefined, more: Parameters<typeof serve>[2] = {}) => {
  const callee = await serve(orders, ['plaintext', 'tls', 'mtls'], {
    proxyTrust: () => trust,
    onRequest: (_request, response, { remoteAddress, transport }) => void response.end(`${transport} ${remoteAddress}`),
    ...more,
  })
  return cleanup.add(callee)
}

const dialled = async (port: number, localAddress = '127.0.0.1'): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends the header in these pieces, each in a segment of its own, and a request behind it over TLS. */
const overTls = async (port: number, pieces: readonly Buffer[], localAddress?: string): Promise<string> => {
  const raw = await dialled(port, localAddress)
  for (const piece of pieces) {
    raw.write(piece)
    await new Promise(setImmediate)
  }
  const socket = tlsConnect({ socket: raw, rejectUnauthorized: false })
  socket.on('error', () => {})
  socket.write(request)
  return untilClosed(socket)
}

const trusted: ProxyTrust = { from: ['127.0.0.1'] }

describe('from whom it is believed', () => {
  test.each([
    ['in one piece', [header]],
    ['byte by byte', [...header].map(byte => Buffer.of(byte))],
    ['cut inside its addresses', [header.subarray(0, 19), header.subarray(19)]],
  ])('it names the client, over TLS, %s', async (_, pieces) => {
    const callee = await listening(trusted)
    expect(await overTls(callee.address.port, pieces)).toContain(`tls ${client}`)
    expect(callee.admitted()).toMatchObject([{ transport: 'tls', remoteAddress: client, proxiedBy: '127.0.0.1' }])
  })

  test('it names the client of a connection without TLS too, when it comes in the same segment as the request', async () => {
    const callee = await listening(trusted)
    const socket = await dialled(callee.address.port)
    socket.write(Buffer.concat([header, Buffer.from(request)]))
    expect(await untilClosed(socket)).toContain(`plaintext ${client}`)
  })

  test('a connection without one is its own, so that it can be switched on and off live', async () => {
    const callee = await listening(trusted)
    expect(await overTls(callee.address.port, [])).toContain('tls 127.0.0.1')
    expect(callee.admitted()[0]).not.toHaveProperty('proxiedBy')
  })

  test('a proxy that speaks for itself is its own client', async () => {
    const callee = await listening(trusted)
    const local = Buffer.from(`${header.subarray(0, 12).toString('hex')}20000000`, 'hex')
    expect(await overTls(callee.address.port, [local])).toContain('tls 127.0.0.1')
  })

  test('two connections at once are told apart', async () => {
    const callee = await listening(trusted)
    const other = encodeProxyHeader({
      source: { host: '2001:db8::7', port: 1 },
      destination: { host: '2001:db8::1', port: 443 },
    })
    const { port } = callee.address
    const [one, two] = await Promise.all([overTls(port, [header]), overTls(port, [other])])
    expect(one).toContain(`tls ${client}`)
    expect(two).toContain('tls 2001:db8:0:0:0:0:0:7')
  })

  test('a refused handshake is recorded under the client it names', async () => {
    const callee = await listening(trusted)
    callee.listener.setAccepts(['mtls'])
    await overTls(callee.address.port, [header])
    expect(callee.records()).toMatchObject([
      { remoteAddress: client, proxiedBy: '127.0.0.1', failure: { name: 'no-client-certificate' } },
    ])
  })

  test('something that only begins like one is refused as what it is', async () => {
    const callee = await listening(trusted)
    const socket = await dialled(callee.address.port)
    socket.write(Buffer.from('\r\n\r\nGET / HTTP/1.1\r\n\r\n'))
    await untilClosed(socket)
    expect(callee.failures()).toEqual([{ name: 'bad-proxy-header', code: 'proxy-header-malformed' }])
  })

  test('one that says it is longer than anybody needs is refused before it has come', async () => {
    const callee = await listening(trusted)
    const socket = await dialled(callee.address.port)
    socket.write(Buffer.from(`${header.subarray(0, 14).toString('hex')}ffff`, 'hex'))
    await untilClosed(socket)
    expect(callee.failures()).toMatchObject([{ name: 'bad-proxy-header' }])
  })

  test('one that does not come to an end is given up', async () => {
    const callee = await listening(trusted, { limits: { ...listenerLimits, firstByteMs: 50 } })
    const socket = await dialled(callee.address.port)
    socket.write(header.subarray(0, 20))
    await untilClosed(socket)
    expect(callee.failures()).toMatchObject([{ name: 'handshake-timeout' }])
  })

  test('a client that leaves in the middle of it leaves nothing behind', async () => {
    const callee = await listening(trusted)
    const socket = await dialled(callee.address.port)
    socket.write(header.subarray(0, 20))
    socket.destroy()
    expect(await overTls(callee.address.port, [header])).toContain(`tls ${client}`)
    await until(() => callee.listener.connections.all().length === 0)
  })
})

describe('from anybody else', () => {
  test.each([
    ['another address', { from: ['127.0.0.9'] }],
    ['nobody', { from: [] }],
    ['no trust at all', undefined],
  ])('it is no TLS, and nothing behind it is read (%s trusted)', async (_, trust) => {
    const callee = await listening(trust)
    callee.listener.setAccepts(['tls'])
    await overTls(callee.address.port, [header])
    expect(callee.failures()).toMatchObject([{ name: 'plaintext-to-tls' }])
    expect(callee.records()[0]).toMatchObject({ remoteAddress: '127.0.0.1' })
    expect(callee.admitted()).toEqual([])
  })

  test.runIf(process.platform === 'linux')('an address of one’s own is what trust goes by', async () => {
    const callee = await listening({ from: ['127.0.0.9'] })
    expect(await overTls(callee.address.port, [header], '127.0.0.9')).toContain(`tls ${client}`)
    callee.listener.setAccepts(['tls'])
    await overTls(callee.address.port, [header], '127.0.0.8')
    expect(callee.failures()).toMatchObject([{ name: 'plaintext-to-tls' }])
  })

  test('it is believed where anyone is: the mistake', async () => {
    const callee = await listening({ from: 'anyone' })
    expect(await overTls(callee.address.port, [header])).toContain(`tls ${client}`)
  })
})
