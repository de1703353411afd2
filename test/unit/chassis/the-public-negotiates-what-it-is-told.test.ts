import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { TlsPolicy } from '../../../services/chassis/desired.ts'
import { usualTls } from '../../../services/chassis/tls-suites.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { peekClientHello } from '../../../services/edge/hello.ts'
import { createCleanup, createMesh, until } from './mesh.ts'
import { desiredOf, letIn, requestText, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const name = 'shop.hop.lab'
const least13: TlsPolicy = { ...usualTls, minVersion: 'TLSv1.3' }
const old: ConnectionOptions = { maxVersion: 'TLSv1.2' }
const serving = (tls?: TlsPolicy, version = 1) =>
  desiredOf({
    ...{ version, accepts: ['tls', 'mtls'], publicNames: [name], rules: [letIn('anyone')] },
    ...(tls ? { tls } : {}),
  })

const start = async (publicOnly: boolean) => {
  const credentials = mesh.credentials('orders')
  credentials.setPublic(name, mesh.mintPublic(name))
  const peekServerName = async (socket: Socket) => (await peekClientHello(socket)).serverName?.toString()
  return cleanup.add(await startWorkload(credentials, serving(), { publicOnly, peekServerName }))
}

/** `version suite` as agreed, or the code of the refusal. */
const agree = async (address: Address, tls: ConnectionOptions = {}, servername = name) => {
  const socket = connect({ ...address, servername, rejectUnauthorized: false, ...tls })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${socket.getCipher().standardName}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    socket.destroy()
  }
}

describe.each([
  ['an edge', true],
  ['a workload that also serves others', false],
])('%s', (_, publicOnly) => {
  test('takes TLS 1.2 until 1.3 is the least, and again when that is taken back', async () => {
    const { address, ...orders } = await start(publicOnly)
    expect(await agree(address, old)).toMatch(/^TLSv1\.2 TLS_ECDHE_ECDSA/)
    await orders.apply(serving(least13, 2))
    expect(await agree(address, old)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    expect(await agree(address)).toMatch(/^TLSv1\.3/)
    await orders.apply(serving(undefined, 3))
    expect(await agree(address, old)).toMatch(/^TLSv1\.2/)
  })

  test('takes a suite away in either version', async () => {
    const { address, ...orders } = await start(publicOnly)
    const [first13] = usualTls.suites
    const first12 = usualTls.suites.find(suite => suite.includes('_WITH_'))!
    expect([await agree(address), await agree(address, old)]).toEqual([`TLSv1.3 ${first13}`, `TLSv1.2 ${first12}`])
    const suites = usualTls.suites.filter(suite => suite !== first13 && suite !== first12)
    await orders.apply(serving({ ...usualTls, suites }, 2))
    const now = await Promise.all([agree(address), agree(address, old)])
    expect(now).not.toContain(`TLSv1.3 ${first13}`)
    expect(now).not.toContain(`TLSv1.2 ${first12}`)
    const only = { ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }
    expect(await agree(address, only)).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE')
  })

  test('ends connections that would not be agreed on now, after their answer, and leaves the others', async () => {
    const { address, ...orders } = await start(publicOnly)
    const dial = async (tls: ConnectionOptions) => {
      const socket = connect({ ...address, servername: name, rejectUnauthorized: false, ...tls })
      let closed = false
      socket
        .on('error', () => {})
        .once('close', () => {
          closed = true
        })
      await once(socket, 'secureConnect')
      const ask = async () => {
        socket.write(requestText({ host: name }))
        return String((await once(socket, 'data'))[0])
      }
      expect(await ask()).toMatch(/ 200 /)
      return { socket, ask, closed: () => closed }
    }
    const [older, newer] = [await dial(old), await dial({ minVersion: 'TLSv1.3' })]
    await orders.apply(serving(least13, 2))
    await until(older.closed)
    expect(await newer.ask()).toMatch(/ 200 /)
    newer.socket.destroy()
  })
})

test('a workload’s own callers get TLS 1.3 whatever the public may have', async () => {
  const { address, ...orders } = await start(false)
  const inner = 'orders.svc.hop.lab'
  expect(await agree(address, old, inner)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  await orders.apply(serving({ ...usualTls, suites: usualTls.suites.filter(suite => suite.includes('_WITH_')) }, 2))
  expect(await agree(address, {}, inner)).toMatch(/^TLSv1\.3/)
  expect(await agree(address)).toMatch(/^TLSv1\.2/)
})

test('a hello that cannot be read is refused for that, and told', async () => {
  const { address, ...orders } = await start(false)
  const { connect: dial } = await import('node:net')
  const socket = dial(address.port, address.host)
  socket.on('error', () => {})
  socket.write(Buffer.from('160301000401000000', 'hex'))
  if (!socket.closed) await once(socket, 'close')
  expect(orders.observations(0).connections.map(({ failure }) => failure?.name)).toContain('bad-client-hello')
})
