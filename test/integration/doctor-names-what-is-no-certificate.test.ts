import { connect } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { ask, type BareEnd, httpEnd, httpsEnd, tcpEnd } from '../support/both-ends.ts'
import { codes, createPractice, type Met, only, own, publicName, versions } from '../support/doctor-practice.ts'
import { until } from '../unit/chassis/mesh.ts'

const { mesh, cleanup, root, meet, causeOf } = createPractice()
afterEach(cleanup.run)

describe('where no certificate is at fault', () => {
  const callee = () => own(mesh.mintPublic(publicName))
  const trusting = { ca: root, servername: publicName }
  const noCertificate = 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'

  test.each(versions)('versions that do not meet, the server at %s', async version => {
    const other = version === 'TLSv1.3' ? 'TLSv1.2' : 'TLSv1.3'
    const met = await meet(await httpsEnd({ ...callee(), ...only(version) }), { ...trusting, ...only(other) })
    expect(codes(met)).toEqual(['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ERR_SSL_UNSUPPORTED_PROTOCOL'])
    expect(causeOf(met)).toEqual({ name: 'protocol-version', fault: 'both' })
  })

  test.each([
    [
      'cipher',
      'TLSv1.3',
      { ciphers: 'TLS_AES_128_GCM_SHA256' },
      { ciphers: 'TLS_AES_256_GCM_SHA384' },
      'ERR_SSL_NO_SHARED_CIPHER',
    ],
    [
      'cipher',
      'TLSv1.2',
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      'ERR_SSL_NO_SHARED_CIPHER',
    ],
    ['group', 'TLSv1.3', { ecdhCurve: 'P-256' }, { ecdhCurve: 'P-384' }, 'ERR_SSL_NO_SUITABLE_KEY_SHARE'],
    ['group', 'TLSv1.2', { ecdhCurve: 'P-256' }, { ecdhCurve: 'P-384' }, 'ERR_SSL_NO_SHARED_CIPHER'],
    ['signature algorithm', 'TLSv1.3', {}, { sigalgs: 'RSA-PSS+SHA256' }, 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM'],
    ['signature algorithm', 'TLSv1.2', {}, { sigalgs: 'RSA-PSS+SHA256' }, 'ERR_SSL_NO_SHARED_CIPHER'],
  ] as const)('no shared %s, %s', async (_what, version, serverHas, clientHas, code) => {
    const end = await httpsEnd({ ...callee(), ...only(version), ...serverHas })
    const met = await meet(end, { ...trusting, ...only(version), ...clientHas })
    expect(codes(met)).toEqual([noCertificate, code])
    expect(causeOf(met)).toEqual({ name: 'no-shared-cipher', fault: 'both' })
  })

  test('plaintext to a TLS port', async () => {
    const met = await meet(await httpsEnd(callee()), undefined)
    expect(codes(met)).toEqual(['UND_ERR_SOCKET', 'ERR_SSL_HTTP_REQUEST'])
    expect(causeOf(met)).toEqual({ name: 'plaintext-to-tls', fault: 'caller-settings' })
  })

  test('TLS to a plaintext port', async () => {
    const met = await meet(await httpEnd(), trusting)
    expect(codes(met)).toEqual(['ERR_SSL_WRONG_VERSION_NUMBER', 'HPE_INVALID_METHOD'])
    expect(causeOf(met)).toEqual({ name: 'tls-to-plaintext', fault: 'callee-settings' })
  })

  test.each([
    ['resets', (socket: { resetAndDestroy(): unknown }) => void socket.resetAndDestroy()],
    ['closes', (socket: { end(): unknown }) => void socket.end()],
  ])('a server that %s in mid-handshake', async (_how, leave) => {
    const met = await meet(await tcpEnd(socket => socket.once('data', () => leave(socket))), trusting, false)
    expect(codes(met)).toEqual(['ECONNRESET', undefined])
    expect(causeOf(met)).toEqual({ name: 'callee-went-away', fault: 'callee' })
  })

  test('a silent server', async () => {
    const met = await meet(await tcpEnd(() => {}), { ...trusting, timeout: 50 } as ConnectionOptions, false)
    expect(codes(met)).toEqual(['UND_ERR_CONNECT_TIMEOUT', undefined])
    expect(causeOf(met)).toEqual({ name: 'connect-timeout', fault: 'callee' })
  })

  test('nobody there', async () => {
    const gone = await tcpEnd(() => {})
    gone.close()
    const met: Met = { client: await ask(gone.address, trusting), server: undefined }
    expect(codes(met)).toEqual(['ECONNREFUSED', undefined])
    expect(causeOf(met)).toEqual({ name: 'connection-refused', fault: 'callee' })
  })

  /** A client of bytes; nobody keeps a record of what it saw. */
  const bytes = async (end: BareEnd, speak: (socket: ReturnType<typeof connect>) => void): Promise<Met> => {
    cleanup.add(end)
    const socket = connect(end.address.port, end.address.host, () => speak(socket)).on('error', () => {})
    cleanup.add({ close: () => socket.destroy() })
    await until(() => end.seen() !== undefined)
    return { client: {}, server: end.seen() }
  }
  const helloBegins = Buffer.from('16030100c8010000c40303', 'hex')

  test.each([
    ['resets', (socket: ReturnType<typeof connect>) => void socket.write(helloBegins, () => socket.resetAndDestroy())],
    ['closes', (socket: ReturnType<typeof connect>) => void socket.end(helloBegins)],
    ['sends nothing and closes', (socket: ReturnType<typeof connect>) => void socket.end()],
  ])('a client that %s', async (_how, speak) => {
    const met = await bytes(await httpsEnd(callee()), speak)
    expect(codes(met)).toEqual([undefined, 'ECONNRESET'])
    expect(causeOf(met)).toEqual({ name: 'caller-went-away', fault: 'caller' })
  })

  test('a silent client', async () => {
    const met = await bytes(await httpsEnd({ ...callee(), handshakeTimeout: 50 }), () => {})
    expect(codes(met)).toEqual([undefined, 'ERR_TLS_HANDSHAKE_TIMEOUT'])
    expect(causeOf(met)).toEqual({ name: 'handshake-timeout', fault: 'caller' })
  })

  test('garbage', async () => {
    const met = await bytes(await httpsEnd(callee()), socket => void socket.write(Buffer.alloc(64, 0xff)))
    expect(codes(met)).toEqual([undefined, 'ERR_SSL_WRONG_VERSION_NUMBER'])
    expect(causeOf(met)).toEqual({ name: 'garbage', fault: 'caller' })
  })

  test.each(versions)('application protocols that do not meet, %s', async version => {
    const end = await httpsEnd({ ...callee(), ...only(version), ALPNProtocols: ['h2'] })
    const met = await meet(end, { ...trusting, ...only(version), ALPNProtocols: ['http/1.1'] })
    expect(codes(met)).toEqual(['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'ERR_SSL_NO_APPLICATION_PROTOCOL'])
    expect(causeOf(met)).toEqual({ name: 'no-application-protocol', fault: 'both' })
  })
})
