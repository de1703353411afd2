import { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import type { Desired } from '../../../services/chassis/desired.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { createCleanup, createMesh, dialRaw, until, untilClosed } from './mesh.ts'
import { desiredOf, letIn, requestText, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const name = 'shop.hop.lab'
const unchecked = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
const before: Partial<Desired> = { accepts: ['tls', 'mtls'], publicNames: [name], rules: [letIn('anyone')] }
const after = desiredOf({ ...before, version: 2, accepts: ['mtls'], publicNames: [] })

const start = async () => {
  const credentials = mesh.credentials('orders')
  credentials.setPublic(name, mesh.mintPublic(name))
  return cleanup.add(await startWorkload(credentials, desiredOf(before)))
}

/** A client in mid-handshake: its last flight, and the request behind it, wait for `release`. */
const handshakeHeld = async (address: Address, servername: string) => {
  const raw = await dialRaw(address)
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  let flights = 0
  const stream = new Duplex({
    read() {},
    async write(chunk, _encoding, done) {
      if (++flights > 1) await gate
      raw.write(chunk)
      done()
    },
  })
  raw.on('data', chunk => stream.push(chunk))
  raw.on('close', () => stream.destroy())
  const socket = tlsConnect({ socket: stream, servername, ...unchecked })
  socket.on('error', () => {})
  socket.write(requestText({ host: name }))
  await until(() => flights > 1)
  return { answer: untilClosed(socket), release }
}

test('a client whose handshake began before a change is answered once, and the change waits for it', async () => {
  const orders = await start()
  const client = await handshakeHeld(orders.address, name)
  const changed = orders.apply(after)
  client.release()
  const answer = await client.answer
  expect(answer).toMatch(/^HTTP\/1.1 200/)
  expect(answer).toMatch(/connection: close/i)
  await changed
})

test('a client that never ends its handshake keeps no change waiting for long', async () => {
  const orders = await start()
  const client = await handshakeHeld(orders.address, name)
  await orders.apply(after)
  client.release()
  await orders.close()
})

test('one that comes after the change is refused', async () => {
  const orders = await start()
  await orders.apply(after)
  const socket = tlsConnect({ ...orders.address, servername: name, ...unchecked })
  socket.on('error', () => {})
  socket.write(requestText({ host: name }))
  expect(await untilClosed(socket)).toBe('')
})

test('whoever comes in the old way by a name that is not public is refused, however early his handshake began', async () => {
  const orders = await start()
  const caller = await handshakeHeld(orders.address, 'orders.svc.hop.lab')
  const changed = orders.apply(after)
  caller.release()
  expect(await caller.answer).toBe('')
  await changed
})
