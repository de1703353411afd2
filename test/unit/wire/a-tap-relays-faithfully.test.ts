import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createTap, type TapOptions } from '../../../services/wire/tap.ts'
import { closed, createCleanup, dialled, drained, tcpServer, until } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const tapTo = async (serve: (socket: Socket) => void, options: Partial<TapOptions> = {}) => {
  const address = await tcpServer(cleanup, serve)
  const tap = await createTap({ link: 'orders:payments', target: () => address, ...options })
  cleanup.later(() => tap.close())
  return { tap, address }
}
const echo = (socket: Socket): void => {
  socket.pipe(socket)
}

test('bytes come through both ways, one byte at a time too', async () => {
  const { tap } = await tapTo(echo)
  const { socket } = await dialled(tap.address, cleanup)
  const answer = drained(socket)
  const message = randomBytes(300)
  for (const byte of message) {
    socket.write(Buffer.from([byte]))
    await new Promise(setImmediate)
  }
  socket.end()
  expect(await answer).toEqual(message)
  expect(tap.find(message)).toMatchObject({ count: 2, searched: 600 })
  expect(tap.state().bytes).toEqual({ 'to-callee': 300, 'to-caller': 300 })
})

test('a half-close stays a half-close: the answer comes after the caller has ended', async () => {
  const { tap } = await tapTo(async socket => {
    const question = await drained(socket)
    socket.end(`${question.length} bytes`)
  })
  const { socket } = await dialled(tap.address, cleanup)
  socket.end('question')
  expect(String(await drained(socket))).toBe('8 bytes')
})

test('a reset by the callee reaches the caller as a reset', async () => {
  const { tap } = await tapTo(socket => socket.once('data', () => socket.resetAndDestroy()))
  const { socket, errors } = await dialled(tap.address, cleanup)
  socket.write('hello')
  await closed(socket)
  expect(errors).toEqual(['ECONNRESET'])
  await until(() => tap.connections()[0]?.closedAt !== undefined)
  expect(tap.connections()[0]?.events.at(-1)).toMatchObject({ kind: 'rst', direction: 'to-caller' })
})

test('a reset by the caller reaches the callee as a reset', async () => {
  const codes: (string | undefined)[] = []
  const { tap } = await tapTo(socket => {
    socket.on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))
    socket.resume().write('ready')
  })
  const { socket } = await dialled(tap.address, cleanup)
  await once(socket, 'data')
  socket.resetAndDestroy()
  await until(() => codes.length > 0)
  expect(codes).toEqual(['ECONNRESET'])
})

test('a callee that is not there ends the caller with a reset, and is counted', async () => {
  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as { port: number }
  await new Promise(resolve => gone.close(resolve))
  const tap = await createTap({ link: 'a:b', target: () => ({ host: '127.0.0.1', port }) })
  cleanup.later(() => tap.close())
  const { socket, errors } = await dialled(tap.address, cleanup)
  await closed(socket)
  expect(errors).toEqual(['ECONNRESET'])
  expect(tap.state().connections).toEqual({ open: 0, total: 1, failed: 1 })
})

test('the callee sees the loopback address of the caller', async () => {
  const seen: (string | undefined)[] = []
  const { tap } = await tapTo(socket => {
    seen.push(socket.remoteAddress)
    socket.end()
  })
  const { socket } = await dialled(tap.address, cleanup, '127.0.0.77')
  socket.resume().end()
  await closed(socket)
  expect(seen).toEqual(['127.0.0.77'])
})

test('a peer that never reads stops the sender; memory stays bounded by backpressure', async () => {
  const { tap } = await tapTo(socket => socket.pause())
  const { socket } = await dialled(tap.address, cleanup)
  const block = Buffer.alloc(256 * 1024)
  let accepted = 0
  let stalled = false
  const pour = (): void => {
    while (socket.write(block)) accepted += block.length
    accepted += block.length
  }
  socket.on('drain', pour)
  pour()
  // Stalled: nothing more has passed the tap in many turns of the event loop.
  for (let last = -1, still = 0; !stalled; ) {
    await new Promise(resolve => setTimeout(resolve, 5))
    const passed = tap.state().bytes['to-callee']
    still = passed === last ? still + 1 : 0
    last = passed
    stalled = still > 40
  }
  expect(tap.state().bytes['to-callee']).toBeGreaterThan(0)
  expect(accepted).toBeLessThan(64 * 1024 * 1024)
  expect(tap.state().recorded.bytes).toBeLessThanOrEqual(2 * 1024 * 1024)
  expect(tap.state().recorded.forgottenBytes + tap.state().recorded.bytes).toBe(tap.state().bytes['to-callee'])
})

test('20 MB come through whole, against a slow reader, with a delay', async () => {
  const { tap } = await tapTo(async socket => {
    let length = 0
    for await (const chunk of socket) {
      length += chunk.length
      if (length % 7 === 0) await new Promise(setImmediate)
    }
    socket.end(String(length))
  })
  tap.delay(1)
  const { socket } = await dialled(tap.address, cleanup)
  socket.end(Buffer.alloc(20 * 1024 * 1024, 'x'))
  expect(String(await drained(socket))).toBe(String(20 * 1024 * 1024))
})

test('no socket is left over after connections have come and gone in every way', async () => {
  const { tap } = await tapTo(echo)
  for (let round = 0; round < 40; round += 1) {
    const { socket } = await dialled(tap.address, cleanup)
    socket.resume()
    if (round % 4 === 0) socket.destroy()
    else if (round % 4 === 1) socket.resetAndDestroy()
    else if (round % 4 === 2) socket.end('bye')
    else {
      socket.write('x')
      await once(socket, 'data')
      tap.cut()
    }
    await closed(socket)
  }
  await until(() => tap.state().connections.open === 0)
  await until(() => tap.connections().every(connection => connection.closedAt !== undefined))
  expect(tap.state().connections).toMatchObject({ open: 0, total: 40 })
})
