import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { Pool } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { createAuthority } from '../../../pki/authority.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import { createForward } from '../../../services/chassis/forward.ts'
import { createHttpAcceptor } from '../../../services/chassis/http.ts'
import type { HttpLimits } from '../../../services/chassis/http-connection.ts'
import type { RequestContext } from '../../../services/chassis/program.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { connectionFor, contextFor, startTcp, upstreamTo } from './hop.ts'
import { type Recorded, startRecorder } from './recorder.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const authority = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
const { privateKey, publicKey } = generateKey()
const { chain } = authority.issuePublic({
  dnsName: 'shop.test',
  publicKey,
  lifetimeMs: 3600_000,
  serial: authority.newSerial(),
})

/** A TLS listener that feeds the acceptor, a backend behind it, and an HTTP/2 client in front. */
const prepare = async (answer?: (request: Recorded, socket: Socket) => void, limits: Partial<HttpLimits> = {}) => {
  const backend = await startRecorder(answer)
  closing.push(() => backend.close())
  const { upstream, pool } = upstreamTo(backend.port)
  closing.push(() => pool.destroy())
  const forward = createForward({ via: 'hop' })
  const telemetry = createTelemetry('hop')
  const contexts: RequestContext[] = []
  const acceptor = createHttpAcceptor({
    telemetry,
    limits,
    onRequest(request, response) {
      const context = contextFor({ encrypted: true })
      contexts.push(context)
      forward(request, response, context, upstream)
    },
  })
  const sockets: TLSSocket[] = []
  const listener = createServer(
    { key: privateKeyPem(privateKey), cert: chain, ALPNProtocols: ['h2', 'http/1.1'] },
    socket => {
      sockets.push(socket)
      acceptor.accept(socket, { ...connectionFor(socket), transport: 'tls' })
    },
  )
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  closing.push(() => listener.close())
  closing.push(() => acceptor.close())
  const { port } = listener.address() as AddressInfo
  const client = connect(`https://shop.test:${port}`, {
    ca: authority.trustBundle(),
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never, 4),
  })
  client.on('error', () => {})
  closing.push(() => client.destroy())
  return { backend, acceptor, client, port, sockets, contexts, telemetry }
}

const ask = async (client: ClientHttp2Session, headers: Record<string, string | string[]>, body?: string) => {
  const stream = client.request(headers, { endStream: body === undefined })
  stream.setEncoding('latin1')
  let text = ''
  let trailers: IncomingHttpHeaders = {}
  stream.on('data', chunk => {
    text += chunk
  })
  stream.on('trailers', received => {
    trailers = received
  })
  if (body !== undefined) stream.end(body)
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (!stream.readableEnded) await once(stream, 'end')
  return { answer, text, trailers }
}

test('a request arrives clean: authority as host, crumbs of a cookie as one, no pseudo header', async () => {
  const { backend, client, port } = await prepare()
  const { answer, text } = await ask(
    client,
    {
      ':method': 'POST',
      ':path': '/a?b=c',
      cookie: ['a=1', 'b=2'],
      'x-forwarded-for': '1.2.3.4',
      'x-mine': 'kept',
      'content-length': '5',
    },
    '12345',
  )
  expect({ status: answer[':status'], via: answer.via, text }).toEqual({
    status: 200,
    via: '1.1 hop',
    text: '/a?b=c 5',
  })
  expect(answer).not.toHaveProperty('connection')
  const [{ line, headers, body }] = backend.requests as [Recorded]
  expect({ line, body }).toEqual({ line: 'POST /a?b=c HTTP/1.1', body: '12345' })
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-forwarded-host': `shop.test:${port}`,
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '127.0.0.1',
    cookie: 'a=1; b=2',
    via: '2.0 hop',
    'x-mine': 'kept',
    'content-length': '5',
  })
  expect(headers.filter(([name]) => name.startsWith(':'))).toEqual([])
})

test('connection headers of the upstream stay here; repeated fields, hints and trailers come through', async () => {
  const { client } = await prepare((_request, socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n',
    ),
  )
  const { answer, text, trailers } = await ask(client, { ':path': '/a' })
  expect(answer['set-cookie']).toEqual(['a=1', 'b=2'])
  for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'x-private'])
    expect(answer).not.toHaveProperty(name)
  expect({ text, sum: trailers['x-sum'] }).toEqual({ text: 'abc', sum: '3' })
})

test.each([
  ['two hosts', { ':path': '/a', ':authority': 'shop.test', host: 'evil.test' }, 400, 'host-ambiguous'],
  ['a backslash in the path', { ':path': '/a\\b' }, 400, 'target-unclear'],
  ['a fragment in the path', { ':path': '/a#b' }, 400, 'target-unclear'],
  ['TRACE', { ':method': 'TRACE', ':path': '/a' }, 405, 'method-refused'],
  ['an invented method', { ':method': 'SMUGGLE', ':path': '/a' }, 501, 'method-unknown'],
])('%s is refused and the session lives on', async (_name, headers, status, failure) => {
  const { backend, client } = await prepare()
  const { answer, text } = await ask(client, headers)
  expect({ status: answer[':status'], failure: JSON.parse(text).failure }).toEqual({ status, failure })
  expect(backend.requests).toEqual([])
  expect((await ask(client, { ':path': '/clean' })).text).toBe('/clean 0')
})

test.each([
  ['a path without a slash', { ':path': 'a' }],
  ['a method with a space', { ':method': 'GET /x HTTP/1.1', ':path': '/a' }],
])('%s resets its stream and the session lives on', async (_name, headers) => {
  const { backend, client } = await prepare()
  await expect(ask(client, headers)).rejects.toThrow('NGHTTP2_PROTOCOL_ERROR')
  expect((await ask(client, { ':path': '/clean' })).text).toBe('/clean 0')
  expect(backend.requests.map(({ line }) => line)).toEqual(['GET /clean HTTP/1.1'])
})

test('a failure upstream is 502 with its name; one in mid-answer resets the stream only', async () => {
  const { client, contexts } = await prepare((request, socket) => {
    if (request.line.includes('/ok')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else if (request.line.includes('/half')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      setImmediate(() => socket.resetAndDestroy())
    } else socket.end('nonsense')
  })
  const { answer, text } = await ask(client, { ':path': '/bad' })
  expect({ status: answer[':status'], failure: JSON.parse(text).failure }).toEqual({
    status: 502,
    failure: 'bad-response',
  })
  const half = client.request({ ':path': '/half' })
  half.resume()
  const [error] = await once(half, 'error')
  expect(error.message).toContain('NGHTTP2_INTERNAL_ERROR')
  expect(contexts[1]!.failure!.name).toBe('connection-closed')
  expect((await ask(client, { ':path': '/ok' })).text).toBe('ok')
})

test('a stream the client resets ends the upstream request', async () => {
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { client, contexts } = await prepare((_request, socket) => {
    socket.on('close', () => resolve())
    arrive()
  })
  const stream = client.request({ ':path': '/a' })
  stream.on('error', () => {})
  await arrived
  stream.close(8)
  await ended
  expect(contexts[0]!.failure).toEqual({ name: 'client-gone', code: 'client-gone' })
})

test('draining says GOAWAY, answers what is in flight, and the session ends', async () => {
  const answers: (() => void)[] = []
  const { acceptor, client, sockets } = await prepare((_request, socket) => {
    answers.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  })
  const goaway = once(client, 'goaway')
  const asked = ask(client, { ':path': '/a' })
  while (answers.length === 0) await new Promise(resolve => setImmediate(resolve))
  acceptor.drain(sockets[0]!, 0)
  await goaway
  answers[0]!()
  expect((await asked).text).toBe('ok')
  if (!client.destroyed) await once(client, 'close')
})

test('the same listener speaks HTTP/1.1 to a client that chose it', async () => {
  const { port, backend } = await prepare()
  const pool = new Pool(`https://shop.test:${port}`, {
    allowH2: false,
    connect: {
      ca: authority.trustBundle(),
      lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never, 4),
    },
  })
  closing.push(() => pool.destroy())
  const { statusCode, body } = await pool.request({ path: '/a', method: 'POST', body: 'abc' })
  expect({ statusCode, text: await body.text() }).toEqual({ statusCode: 200, text: '/a 3' })
  expect(backend.requests[0]!.headers).toContainEqual(['via', '1.1 hop'])
})

test('a large answer waits for a client that does not read', async () => {
  let written = 0
  const backend = await startTcp(socket =>
    socket.once('data', () => {
      const block = Buffer.alloc(65_536, 'x')
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${800 * block.length}\r\n\r\n`)
      const more = () => {
        while (written < 800) {
          written++
          if (!socket.write(block)) return
        }
      }
      socket.on('drain', more)
      more()
    }),
  )
  closing.push(() => backend.close())
  const { client } = await prepare((_request, socket) => {
    const pool = new Pool(`http://127.0.0.1:${backend.port}`)
    closing.push(() => pool.destroy())
    pool
      .stream({ path: '/', method: 'GET' }, () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${800 * 65_536}\r\n\r\n`)
        return socket
      })
      .catch(() => {})
  })
  const stream = client.request({ ':path': '/big' })
  await once(stream, 'response')
  let received = 0
  stream.pause()
  for (let last = -1, still = 0; still < 5; last = written) {
    await new Promise(resolve => setTimeout(resolve, 30))
    still = written === last ? still + 1 : 0
  }
  expect(written).toBeLessThan(400)
  stream.on('data', chunk => {
    received += chunk.length
  })
  stream.resume()
  await once(stream, 'end')
  expect(received).toBe(800 * 65_536)
})
