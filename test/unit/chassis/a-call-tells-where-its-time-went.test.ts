import { afterEach, expect, test } from 'vitest'
import type { CallRecord } from '../../../services/chassis/observation.ts'
import { contextFor, startTcp } from './hop.ts'
import { createCleanup, createMesh, dial, serve } from './mesh.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const mesh = createMesh()

const start = async (name = 'orders') => {
  const callee = cleanup.add(await serve(mesh.credentials(name), ['mtls']))
  return cleanup.add(dial(mesh.credentials('caller'), callee.address, 'mtls', {}, 1))
}

const get = { method: 'GET', path: '/orders?token=secret' }
const phases = ({ queuedMs = 0, connectMs = 0, handshakeMs = 0, waitMs = 0, bodyMs = 0 }: CallRecord) =>
  queuedMs + connectMs + handshakeMs + waitMs + bodyMs

test('the first call of a connection has its dial and its handshake in it, the next only the wait', async () => {
  const caller = await start()
  const context = contextFor()
  await caller.upstream.call(context, get)
  await caller.upstream.call(context, get)
  const [first, second] = context.calls as [CallRecord, CallRecord]
  const [record] = caller.records()
  expect(first).toMatchObject({
    ...{ link: 'caller:orders', method: 'GET', path: '/orders', status: 200, nth: 1, connection: record!.id },
    ...{ connectMs: expect.any(Number), handshakeMs: expect.any(Number), waitMs: expect.any(Number) },
  })
  expect(record).toMatchObject({ side: 'client', connectMs: expect.any(Number), handshakeMs: expect.any(Number) })
  expect(second).toMatchObject({ nth: 2, connection: record!.id })
  expect(second).not.toHaveProperty('connectMs')
  expect(second).not.toHaveProperty('handshakeMs')
  expect(second.spanId).not.toBe(first.spanId)
  for (const call of [first, second]) expect(phases(call)).toBeCloseTo(call.durationMs!, 1)
})

test('two calls that wait for one connection share its dial: neither is charged more than it waited', async () => {
  const caller = await start()
  const context = contextFor()
  await Promise.all([caller.upstream.call(context, get), caller.upstream.call(context, get)])
  const [first, second] = context.calls as [CallRecord, CallRecord]
  expect([first.nth, second.nth]).toEqual([1, 2])
  expect(second).not.toHaveProperty('handshakeMs')
  expect(second.queuedMs!).toBeGreaterThan(first.connectMs!)
  for (const call of [first, second]) expect(phases(call)).toBeCloseTo(call.durationMs!, 1)
})

test('a dial that nobody answers is told with its failure and the connection’s record', async () => {
  const gone = await startTcp(() => {})
  await gone.close()
  const caller = cleanup.add(dial(mesh.credentials('caller'), { host: '127.0.0.1', port: gone.port }, 'mtls'))
  const context = contextFor()
  await expect(caller.upstream.call(context, get)).rejects.toMatchObject({ code: 'connection-refused' })
  const [record] = caller.records()
  expect(context.calls).toMatchObject([
    { failure: { name: 'connection-refused' }, connection: record!.id, connectMs: expect.any(Number) },
  ])
  expect(context.calls[0]).not.toHaveProperty('handshakeMs')
  expect(context.calls[0]).not.toHaveProperty('status')
})

test('a callee refused after the handshake has cost that handshake', async () => {
  const caller = await start('payments')
  const context = contextFor()
  await expect(caller.upstream.call(context, get)).rejects.toMatchObject({ code: 'wrong-identity' })
  const [record] = caller.records()
  expect(context.calls).toMatchObject([
    { failure: { name: 'wrong-identity' }, connection: record!.id, handshakeMs: expect.any(Number) },
  ])
  expect(record).toMatchObject({ failure: { name: 'wrong-identity' } })
})

test('a callee that hangs up on a good connection is told with what it was waited for, and which connection that ended', async () => {
  const hangsUp = cleanup.add(
    await serve(mesh.credentials('orders'), ['mtls'], { onRequest: request => void request.socket?.destroy() }),
  )
  const caller = cleanup.add(dial(mesh.credentials('caller'), hangsUp.address, 'mtls'))
  const context = contextFor()
  await expect(caller.upstream.call(context, get)).rejects.toMatchObject({ code: 'connection-closed' })
  const [record] = caller.records()
  expect(context.calls).toMatchObject([
    { failure: { name: 'connection-closed' }, connection: record!.id, nth: 1, waitMs: expect.any(Number) },
  ])
})
