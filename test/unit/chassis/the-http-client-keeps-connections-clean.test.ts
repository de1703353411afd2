import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buildConnector, type Dispatcher } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf } from '../../../services/chassis/failures.ts'
import { HttpPool, type HttpPoolOptions } from '../../../services/chassis/http-client.ts'
import { upstreamLimits } from '../../../services/chassis/upstream.ts'
import { startTcp } from './hop.ts'
import { createCleanup } from './mesh.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A backend that hands each request's bytes to `answer`, and a pool towards it. */
const start = async (answer: (socket: Socket, text: string) => void, more: Partial<HttpPoolOptions> = {}) => {
  const sockets: Socket[] = []
  const backend = cleanup.add(
    await startTcp(socket => {
      sockets.push(socket)
      socket.on('data', bytes => answer(socket, bytes.toString('latin1')))
    }),
  )
  const pool = new HttpPool({
    address: { host: '127.0.0.1', port: backend.port },
    secure: false,
    connect: buildConnector({ allowH2: false }),
    ...upstreamLimits,
    ...more,
  })
  cleanup.add({ close: () => pool.destroy() })
  const ask = async (options: Partial<Dispatcher.RequestOptions> = {}) => {
    try {
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: '/',
        ...options,
      } as Dispatcher.RequestOptions)
      return { status: statusCode, text: await body.text() }
    } catch (error) {
      const { name, code } = failureOf(error)
      return { failure: name, code }
    }
  }
  return { pool, ask, sockets }
}

test('a connection is used again, and the one that was used last is the first to be', async () => {
  const waiting: (() => void)[] = []
  const { ask, sockets } = await start((socket, text) => {
    if (text.startsWith('GET /wait')) waiting.push(() => socket.write(ok))
    else socket.write(ok.replace('ok', String(sockets.indexOf(socket)).padStart(2)))
  })
  const first = ask({ path: '/wait' })
  const second = ask({ path: '/wait' })
  while (waiting.length < 2) await new Promise(resolve => setImmediate(resolve))
  waiting[1]!()
  waiting[0]!()
  await Promise.all([first, second])
  const used = new Set<string | undefined>()
  for (let i = 0; i < 5; i++) used.add((await ask()).text)
  expect(sockets).toHaveLength(2)
  expect(used.size).toBe(1)
})

describe('a connection is used no more', () => {
  test.each([
    ['after Connection: close', ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
    ['after an answer in HTTP/1.0', ok.replace('1.1', '1.0')],
    ['when bytes follow the answer', `${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    ['when the callee will soon close it', ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=1\r\n\r\n')],
  ])('%s', async (_name, answer) => {
    const { ask, sockets } = await start(socket => socket.write(answer))
    for (let i = 0; i < 3; i++) expect(await ask()).toEqual({ status: 200, text: 'ok' })
    expect(sockets).toHaveLength(3)
  })

  test('when bytes come that nobody asked for: they answer nobody', async () => {
    const { ask, sockets } = await start(socket => socket.write(ok))
    await ask()
    const closed = once(sockets[0]!, 'close')
    sockets[0]!.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
    await closed
    expect(await ask()).toEqual({ status: 200, text: 'ok' })
    expect(sockets).toHaveLength(2)
  })

  test('when it was idle for too long', async () => {
    const { ask, sockets } = await start(socket => socket.write(ok), { idleMs: 1 })
    await ask()
    await once(sockets[0]!, 'close')
    expect(await ask()).toMatchObject({ status: 200 })
  })

  test('when the answer came before the request was whole', async () => {
    const { ask, sockets } = await start(socket => socket.write(ok))
    const body = new Readable({ read() {} })
    body.push('a part')
    expect(await ask({ method: 'POST', body })).toMatchObject({ status: 200 })
    expect(body.destroyed).toBe(true)
    await once(sockets[0]!, 'close')
  })
})

describe('bounds', () => {
  test('connections and waiting requests are bounded; those that wait get their turn', async () => {
    const waiting: Socket[] = []
    const { ask, sockets } = await start(socket => void waiting.push(socket), { connections: 2, waiting: 2 })
    const asked = [ask(), ask()]
    while (waiting.length < 2) await new Promise(resolve => setImmediate(resolve))
    asked.push(ask(), ask())
    expect(await ask()).toEqual({ failure: 'no-upstream', code: 'no-upstream' })
    for (let answered = 0; answered < 4; ) {
      const socket = waiting.shift()
      if (socket) answered += socket.write(ok) ? 1 : 0
      else await new Promise(resolve => setImmediate(resolve))
    }
    expect(await Promise.all(asked)).toEqual([1, 2, 3, 4].map(() => ({ status: 200, text: 'ok' })))
    expect(sockets).toHaveLength(2)
  })

  test('nobody waits for a connection longer than for an answer', async () => {
    const { ask } = await start(() => {}, { connections: 1, headersMs: 200 })
    const asked = await Promise.all([ask(), ask()])
    expect(asked).toEqual([
      { failure: 'headers-timeout', code: 'UND_ERR_HEADERS_TIMEOUT' },
      { failure: 'no-upstream', code: 'no-upstream' },
    ])
  })

  test('a body that stops is a body-timeout', async () => {
    const { ask } = await start(socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'), {
      bodyMs: 100,
    })
    expect(await ask()).toEqual({ failure: 'body-timeout', code: 'UND_ERR_BODY_TIMEOUT' })
  })
})

describe('closing', () => {
  test('finishes what is under way and what waits, then closes; a later request is refused', async () => {
    const waiting: Socket[] = []
    const { ask, pool, sockets } = await start(socket => void waiting.push(socket), { connections: 1 })
    const asked = [ask(), ask()]
    while (waiting.length < 1) await new Promise(resolve => setImmediate(resolve))
    const closed = pool.close()
    expect(await ask()).toEqual({ failure: 'no-upstream', code: 'UND_ERR_CLOSED' })
    waiting.shift()!.write(ok)
    while (waiting.length < 1) await new Promise(resolve => setImmediate(resolve))
    waiting.shift()!.write(ok)
    expect(await Promise.all(asked)).toMatchObject([{ status: 200 }, { status: 200 }])
    await closed
    expect(sockets).toHaveLength(1)
  })

  test('an unused pool closes at once, and so does one with idle connections', async () => {
    const { ask, pool } = await start(socket => socket.write(ok))
    const unused = await start(() => {})
    await unused.pool.close()
    await ask()
    await pool.close()
    await pool.close()
  })

  test('destroying fails what is under way and what waits', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    const { ask, pool } = await start(() => resolve(), { connections: 1 })
    const asked = [ask(), ask()]
    await arrived
    await pool.destroy()
    const gone = { failure: 'no-upstream', code: 'UND_ERR_DESTROYED' }
    expect(await Promise.all(asked)).toEqual([gone, gone])
  })
})

describe('what is written', () => {
  const echo = (socket: Socket, text: string) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`, 'latin1')

  test.each<[string, Partial<Dispatcher.RequestOptions>]>([
    ['a line end in a value', { headers: ['x-a', 'b\r\nx-evil: 1'] }],
    ['a character that latin1 would make a line feed', { headers: ['x-a', 'b\u010ax-evil: 1'] }],
    ['a NUL in a value', { headers: { 'x-a': 'b\0' } }],
    ['a name that is no token', { headers: ['x a', 'b'] }],
    ['a blank in the path', { path: '/a b' }],
    ['a line end in the path', { path: '/ HTTP/1.1\r\nx-evil: 1\r\n\r\n' }],
    ['a framing of its own', { headers: ['Transfer-Encoding', 'chunked'] }],
    ['two lengths', { headers: ['Content-Length', '0', 'content-length', '0'] }],
    ['two hosts', { headers: ['Host', 'a', 'host', 'b'] }],
  ])('%s is refused, nothing is sent', async (_name, options) => {
    const { ask, sockets } = await start(echo)
    expect(await ask(options)).toMatchObject({ code: 'unsafe-request' })
    expect(sockets).toHaveLength(0)
  })

  test('a length that is not the body’s is refused', async () => {
    const { ask } = await start(echo)
    const code = 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'
    expect(await ask({ headers: ['content-length', '5'] })).toMatchObject({ code })
    expect(await ask({ method: 'POST', body: 'abc', headers: ['content-length', '5'] })).toMatchObject({ code })
  })

  test('a body in one piece, one that streams with a length, one without, and none', async () => {
    const { ask } = await start(echo)
    const post = (body: string | Readable | null, headers: string[] = []) => ask({ method: 'POST', body, headers })
    expect((await post('é')).text).toMatch(/\r\ncontent-length: 2\r\n\r\né$/)
    expect((await post(Readable.from([Buffer.from('abc')]), ['Content-Length', '3'])).text).toMatch(
      /\r\ncontent-length: 3\r\n\r\nabc$/,
    )
    expect((await post(null)).text).toMatch(/\r\ncontent-length: 0\r\n\r\n$/)
    expect((await ask()).text).toMatch(/^GET \/ HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n\r\n$/)
  })

  test.each([
    ['shorter', ['ab']],
    ['longer', ['abcd']],
  ])('a stream %s than it announced is never completed', async (_name, parts) => {
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    let bytes = ''
    const { ask } = await start((socket, text) => {
      if (bytes === '') socket.on('close', () => resolve(bytes))
      bytes += text
    })
    const body = Readable.from(parts.map(part => Buffer.from(part)))
    const asked = await ask({ method: 'POST', body, headers: ['content-length', '3'] })
    expect(asked).toMatchObject({ failure: 'client-gone' })
    if (parts[0] === 'ab') expect(await ended).toMatch(/\r\n\r\nab$/)
  })
})
