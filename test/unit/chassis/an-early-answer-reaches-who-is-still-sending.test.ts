import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createHttpAcceptor } from '../../../services/chassis/http.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { createCleanup } from './mesh.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

/** A program that takes no body: it answers 413 when the head is there, and closes. */
const start = async (lingerMs: number) => {
  const paths: string[] = []
  const answered = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const acceptor = createHttpAcceptor({
    telemetry: noTelemetry(),
    limits: { lingerMs },
    onRequest(request, response) {
      paths.push(request.url ?? '')
      response.statusCode = 413
      response.setHeader('connection', 'close')
      response.end('no')
    },
  })
  const server = createServer(socket => {
    socket.once('close', () => closed.resolve()).once('finish', () => answered.resolve())
    acceptor.accept(socket, { id: 'c', transport: 'plaintext', socket } as never)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.add(server)
  cleanup.add(acceptor)
  return {
    port: (server.address() as { port: number }).port,
    paths,
    answered: answered.promise,
    closed: closed.promise,
  }
}

const size = 1_000_000
const head = `POST /large HTTP/1.1\r\nHost: x.test\r\nContent-Length: ${size}\r\n\r\n`

/** Sends the head, a part of the body once that was answered, and reads only then. */
const sendOn = async (
  port: number,
  answered: Promise<void>,
  rest: string,
): Promise<{ socket: Socket; text: string }> => {
  const socket = connect(port, '127.0.0.1').pause()
  cleanup.add({ close: () => socket.destroy() })
  socket.on('error', () => {})
  const over = new Promise(resolve => socket.once('end', resolve).once('close', resolve))
  socket.write(head)
  await answered
  // several times: the other end answers the first with a reset, which the next one runs into
  for (const part of [...Array.from({ length: 5 }, () => 'x'.repeat(10_000)), rest]) {
    await new Promise(resolve => socket.write(part, resolve))
    await new Promise(setImmediate)
  }
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  socket.resume()
  await over
  return { socket, text }
}

test('whoever is still sending when the answer comes reads it whole', async () => {
  const { port, answered, closed } = await start(60_000)
  const { socket, text } = await sendOn(port, answered, 'x')
  expect(text).toMatch(/^HTTP\/1\.1 413 .*\r\n\r\nno$/s)
  socket.end()
  await closed
})

test('whoever goes on sending is cut after a while', async () => {
  const { port, answered, closed } = await start(50)
  await sendOn(port, answered, 'x')
  await closed
})

test('what comes after is no request any more', async () => {
  const { port, answered, closed, paths } = await start(60_000)
  const rest = `${'x'.repeat(size - 50_000)}GET /after HTTP/1.1\r\nHost: x.test\r\n\r\n`
  const { socket } = await sendOn(port, answered, rest)
  socket.end()
  await closed
  expect(paths).toEqual(['/large'])
})
