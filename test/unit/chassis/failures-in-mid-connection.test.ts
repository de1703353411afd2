import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext as createContext, type TlsOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../../../services/chassis/failures.ts'
import type { KeyPair } from '../../../services/chassis/tls-options.ts'
import { bareServer, bareTcp } from './bare-servers.ts'
import { bareTls, createCleanup, createMesh, dial, dialRaw, serve, uncheckedCredentials, until } from './mesh.ts'

const mesh = createMesh()
const roots = mesh.rootsOnly()
const cleanup = createCleanup()
afterEach(cleanup.run)

describe('otherwise', () => {
  test.each([
    ['versions do not meet', { minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' }, 'protocol-version'],
    [
      'no shared cipher, 1.2',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      'no-shared-cipher',
    ],
    [
      'no shared cipher, 1.3',
      { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
      { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' },
      'no-shared-cipher',
    ],
    [
      'no shared group, 1.3',
      { ecdhCurve: 'P-384', minVersion: 'TLSv1.3' },
      { ecdhCurve: 'X25519', minVersion: 'TLSv1.3' },
      'no-shared-cipher',
    ],
    [
      'no shared group, 1.2',
      { ecdhCurve: 'P-384', maxVersion: 'TLSv1.2' },
      { ecdhCurve: 'P-256', maxVersion: 'TLSv1.2' },
      'no-shared-cipher',
    ],
    [
      'no shared signature algorithm, 1.3',
      { minVersion: 'TLSv1.3' },
      { sigalgs: 'rsa_pss_rsae_sha256', minVersion: 'TLSv1.3' },
      'no-shared-cipher',
    ],
    [
      'no shared signature algorithm, 1.2',
      { maxVersion: 'TLSv1.2' },
      { sigalgs: 'RSA+SHA256', maxVersion: 'TLSv1.2' },
      'no-shared-cipher',
    ],
    ['ALPN does not meet', { ALPNProtocols: ['http/1.1'] }, { ALPNProtocols: ['h3'] }, 'no-application-protocol'],
  ] as const)('%s', async (_, server, client, name) => {
    const strict = await bareServer(cleanup, mesh, server as TlsOptions)
    const outcome = await bareTls(strict.address, {
      ...client,
      ALPNProtocols: [...('ALPNProtocols' in client ? client.ALPNProtocols : [])],
    })
    expect({ client: outcome.failure, server: strict.failures }).toEqual({ client: name, server: [name] })
  })

  test('a version too old for our listeners is protocol-version on both ends', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls']))
    const outcome = await bareTls(callee.address, { maxVersion: 'TLSv1.2' })
    expect(outcome.failure).toBe('protocol-version')
    expect(callee.failures()[0]).toMatchObject({ name: 'protocol-version' })
  })

  test('an ALPN our listener does not speak is no-application-protocol on both ends', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls']))
    expect(await bareTls(callee.address, { ALPNProtocols: ['h3'] })).toMatchObject({
      failure: 'no-application-protocol',
    })
    expect(callee.failures()[0]).toMatchObject({ name: 'no-application-protocol' })
  })

  test('an unknown public name is unrecognized-name or a closed connection, and on record', async () => {
    const pair = mesh.mintPublic('shop.hop.lab')
    const edge = cleanup.add(await serve(uncheckedCredentials(pair, roots, shows(pair)), ['tls'], { publicOnly: true }))
    const outcome = await bareTls(edge.address, { servername: 'nobody.hop.lab' })
    expect(outcome.text).toBe('')
    await until(() => edge.failures().length > 0)
    expect(edge.failures()[0]).toEqual({ name: 'unrecognized-name', code: 'unrecognized-name' })
  })

  test('plaintext to a TLS port: a bare one sees plaintext-to-tls, ours says so in HTTP as well', async () => {
    const strict = await bareServer(cleanup, mesh, {})
    const socket = await dialRaw(strict.address)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await once(socket, 'close')
    expect(strict.failures).toEqual(['plaintext-to-tls'])

    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls']))
    expect(await cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'plaintext')).ask()).toMatchObject({
      status: 426,
    })
    expect(callee.failures()[0]).toMatchObject({ name: 'plaintext-to-tls' })
  })

  test('TLS to a plaintext HTTP port is tls-to-plaintext; our own listener just closes and records it', async () => {
    const plain = await bareTcp(cleanup, socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await cleanup.add(dial(mesh.credentials('gateway'), plain, 'tls')).ask()).toMatchObject({
      failure: 'tls-to-plaintext',
    })
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['plaintext']))
    expect(await cleanup.add(dial(mesh.credentials('gateway'), callee.address, 'tls')).ask()).toMatchObject({
      failure: 'connection-closed',
    })
    expect(callee.failures()[0]).toMatchObject({ name: 'tls-to-plaintext' })
    expect(failureOf({ code: 'HPE_INVALID_METHOD' }).name).toBe('tls-to-plaintext')
  })

  test.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', (socket: Socket) => socket.end()],
  ])('a server that %s in mid-handshake is connection-closed', async (_, act) => {
    const address = await bareTcp(cleanup, socket => socket.once('data', () => act(socket)))
    const asked = await cleanup.add(dial(mesh.credentials('gateway'), address, 'tls')).ask()
    expect(asked).toMatchObject({ failure: 'connection-closed', code: 'ECONNRESET' })
  })

  test.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['closes', (socket: Socket) => socket.end()],
  ])('a client that %s in mid-handshake is connection-closed', async (_, act) => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls']))
    const socket = await dialRaw(callee.address)
    socket.write(Buffer.of(0x16, 3, 1, 0, 200, 1), () => setImmediate(act, socket))
    await until(() => callee.failures().length > 0)
    expect(callee.failures()[0]).toEqual({ name: 'connection-closed', code: 'ECONNRESET' })
  })

  test('a silent server is connect-timeout', () => {
    expect(failureOf({ code: 'UND_ERR_CONNECT_TIMEOUT' }).name).toBe('connect-timeout')
  })

  test('a client silent in mid-handshake, and one silent from the start, are handshake-timeout', async () => {
    const limits = { connections: 10, firstByteMs: 20, handshakeMs: 20 }
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls'], { limits }))
    const half = await dialRaw(callee.address)
    half.write(Buffer.of(0x16))
    await once(half, 'close')
    const silent = await dialRaw(callee.address)
    await once(silent, 'close')
    expect(callee.failures().map(({ name, code }) => [name, code])).toEqual([
      ['handshake-timeout', 'ERR_TLS_HANDSHAKE_TIMEOUT'],
      ['handshake-timeout', 'handshake-timeout'],
    ])
  })

  test('garbage after the first byte of a handshake is on record by name', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['tls']))
    const socket = await dialRaw(callee.address)
    socket.write(Buffer.concat([Buffer.of(0x16), Buffer.alloc(300, 0x61)]))
    await once(socket, 'close')
    expect(callee.failures()[0]).toMatchObject({ name: 'tls-to-plaintext', code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
  })

  test('nobody there is connection-refused', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const asked = await cleanup.add(dial(mesh.credentials('gateway'), { host: '127.0.0.1', port }, 'mtls')).ask()
    expect(asked).toEqual({ failure: 'connection-refused', code: 'ECONNREFUSED' })
  })
})

function shows(pair: KeyPair) {
  const context = uncheckedCredentials(pair, roots)
  return {
    publicServer: (name: string) =>
      name === 'nobody.hop.lab' ? undefined : createContext(context.serverOptions(true)),
  }
}
