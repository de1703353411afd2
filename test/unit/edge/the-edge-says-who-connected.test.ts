import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Desired } from '../../../services/chassis/desired.ts'
import { parseProxyHeader } from '../../../services/chassis/proxy-protocol.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { ownAddress } from '../../../services/edge/own-address.ts'
import { createPassthrough } from '../../../services/edge/passthrough.ts'
import { createCleanup, dialled, listening, until } from '../wire/support.ts'
import { helloFor } from './hellos.ts'
import { spliceTo } from './passthrough.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

/** A splicing edge before a callee that keeps what comes; `proxyProtocol` as the control plane says. */
const edge = async (proxyProtocol: boolean | undefined, dialFrom?: string) => {
  const received: Buffer[] = []
  const sources: (string | undefined)[] = []
  const callee = await listening(
    createServer(socket => {
      sources.push(socket.remoteAddress)
      socket.on('data', chunk => received.push(chunk))
    }),
    cleanup,
  )
  const take = createPassthrough({ telemetry: noTelemetry(), dialFrom })
  const splices = [{ ...spliceTo(callee), ...(proxyProtocol === undefined ? {} : { proxyProtocol }) }]
  const server = createServer({ pauseOnConnect: true }, socket => {
    void take(socket, { splices } as unknown as Desired, { address: socket.remoteAddress!, port: socket.remotePort! })
  })
  const address = await listening(server, cleanup)
  const hello = helloFor('shop.hop.lab')
  const { socket } = await dialled(address, cleanup)
  socket.write(hello)
  await until(() => Buffer.concat(received).length >= hello.length)
  return { hello, address, socket, sources, bytes: Buffer.concat(received) }
}

test('in front of the client’s first byte, where it is told to', async () => {
  const { hello, address, socket, bytes } = await edge(true)
  const header = parseProxyHeader(bytes)!
  expect(header.connection).toEqual({
    source: { host: '127.0.0.1', port: socket.localPort },
    destination: address,
  })
  expect(bytes.subarray(header.length)).toEqual(hello)
})

test.each([false, undefined])('and not where it is not (%s)', async proxyProtocol => {
  const { hello, bytes } = await edge(proxyProtocol)
  expect(bytes).toEqual(hello)
})

test.runIf(process.platform === 'linux')('from an address of its own, which nobody else dials from', async () => {
  const own = await ownAddress('hop.lab/edge')
  expect(await ownAddress('hop.lab/edge')).toBe(own)
  expect(await ownAddress('other.lab/edge')).not.toBe(own)
  expect(own).toMatch(/^127\.(1[2-8]\d|19[01])\./)
  const { sources } = await edge(true, own)
  expect(sources).toEqual([own])
})

test('off loopback the network gives addresses', async () => {
  expect(await ownAddress('hop.lab/edge', '192.0.2.1')).toBeUndefined()
})
