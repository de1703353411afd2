import { connect } from 'node:http2'
import { createConnection } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { mostHeaderBytes } from '../../../services/l7/headers.ts'
import { openPolicy, packed } from './pack.ts'

let pack: Awaited<ReturnType<typeof packed>>
afterEach(() => pack.stop())

const linesOf = ({ rawHeaders }: { rawHeaders: string[] }): string[] =>
  rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[i + 1]}`] : []))

test.each([
  ['one line for each name', ['X-Tag: one', 'x-tag: two'], ['x-tag: one, two']],
  ['cookies joined as cookies are', ['Cookie: a=1', 'Cookie: b=2'], ['cookie: a=1; b=2']],
  [
    'the same said twice is said once',
    ['Referer: https://a.example/', 'Referer: https://a.example/'],
    ['referer: https://a.example/'],
  ],
  [
    'no name that others read as another',
    ['X_Forwarded_For: 203.0.113.9', 'Content_Length: 5', 'X-Tag: one'],
    ['x-tag: one'],
  ],
  [
    'nothing that is meant for one connection',
    ['Keep-Alive: timeout=5', 'TE: trailers', 'Proxy-Authorization: Basic eDp5', 'X-Tag: one'],
    ['x-tag: one'],
  ],
])('%s', async (_, sent, received) => {
  pack = await packed({ policy: openPolicy })
  const { body } = await pack.raw('/orders/1', sent)
  const lines = linesOf(body).filter(line => !/^(host|connection):/.test(line))
  expect(lines).toEqual(received)
  const parsed = Object.entries(body.headers as object).map(([name, value]) => `${name}: ${value}`)
  expect(parsed.filter(line => !/^(host|connection):/.test(line))).toEqual(received)
})

test('what Connection names is gone too, but not what it has no business naming', async () => {
  pack = await packed({ policy: openPolicy })
  const { body } = await pack.raw('/orders/1', [
    'Connection: X-Hop, Authorization',
    'X-Hop: 1',
    'Authorization: Bearer x',
  ])
  expect(linesOf(body).join()).not.toContain('x-hop:')
  expect(body.headers.authorization).toBe('Bearer x')
})

test('on one line Connection is heard just so', async () => {
  pack = await packed({ policy: openPolicy, version: 1 })
  const socket = createConnection(Number(new URL(pack.origin).port), '127.0.0.1')
  socket.end('GET / HTTP/1.1\r\nHost: shop.hop.lab\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Tag: one\r\n\r\n')
  const answer = Buffer.concat(await socket.toArray()).toString()
  expect(answer).toContain('"x-tag":"one"')
  expect(answer).not.toContain('"x-hop"')
})

test('Connection cannot hide the body from who reads on', async () => {
  pack = await packed({ policy: openPolicy })
  const socket = createConnection(Number(new URL(pack.origin).port), '127.0.0.1')
  const head = ['POST / HTTP/1.1', 'Host: shop.hop.lab', 'Connection: close, Transfer-Encoding']
  socket.end(`${head.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`)
  expect(Buffer.concat(await socket.toArray()).toString()).toContain('"transfer-encoding":"chunked"')
})

test('fields that are no lists and say two things are refused', async () => {
  pack = await packed({ policy: openPolicy })
  const conflict = await pack.raw('/orders/1', ['Authorization: Bearer a', 'Authorization: Bearer b'])
  expect(conflict).toMatchObject({ status: 400, body: { failure: 'header-conflict' } })
})

test('a line of absurd size is refused, the longest that is allowed is not', async () => {
  pack = await packed({ policy: openPolicy })
  const long = (n: number) => pack.raw('/orders/1', [`X-Tag: ${'x'.repeat(n)}`])
  expect((await long(mostHeaderBytes)).status).toBe(200)
  expect(await long(mostHeaderBytes + 1)).toMatchObject({ status: 431, body: { failure: 'header-too-large' } })
})

test.each([
  [true, 'Shop.HOP.lab:443', 'shop.hop.lab'],
  [true, 'shop.hop.lab:80', 'shop.hop.lab:80'],
  [false, 'shop.hop.lab:80', 'shop.hop.lab'],
  [true, 'shop.hop.lab:8443', 'shop.hop.lab:8443'],
])('encrypted %s: the host %s becomes %s', async (encrypted, host, canonical) => {
  pack = await packed({ policy: openPolicy, context: { encrypted } })
  const { body } = await pack.rawHost(host)
  expect(body.headers.host).toBe(canonical)
  expect(linesOf(body)).toContain(`host: ${canonical}`)
})

test('what states an identity goes where the public enters, and stays where a proxy states it', async () => {
  pack = await packed({ policy: openPolicy, context: { ingress: true } })
  const lines = ['X-Forwarded-For: 203.0.113.9', 'Forwarded: for=203.0.113.9', 'X-Tag: one']
  expect(linesOf((await pack.raw('/', lines)).body).join()).not.toContain('203.0.113.9')
  await pack.stop()
  pack = await packed({ policy: openPolicy })
  expect((await pack.raw('/', lines)).body.headers['x-forwarded-for']).toBe('203.0.113.9')
})

test('over HTTP/2 just so', async () => {
  pack = await packed({ policy: openPolicy, version: 2 })
  const session = connect(pack.origin)
  const stream = session.request({
    ':path': '/orders/1',
    ':authority': 'SHOP.hop.lab:443',
    cookie: ['a=1', 'b=2'],
    x_tag: '1',
  })
  const body = JSON.parse(Buffer.concat(await stream.toArray()).toString())
  session.close()
  expect(body.headers).toMatchObject({ ':authority': 'shop.hop.lab', cookie: 'a=1; b=2', ':path': '/orders/1' })
  expect(linesOf(body)).toContain('cookie: a=1; b=2')
  expect(linesOf(body).join()).not.toContain('x_tag')
})
