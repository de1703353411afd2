import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createOperatorServer } from '../../../services/control/api/operator-server.ts'

const token = 'the-operators-own-token'
let app: FastifyInstance<Server>
let port: number
let acts = 0
let now = 0

beforeAll(async () => {
  app = await createOperatorServer({
    token,
    log: pino({ level: 'silent' }),
    clock: () => now,
    plugins: [
      async api => {
        api.get('/api/state', () => ({ acts: ++acts }))
        api.put('/api/mode', request => ({ acts: ++acts, body: request.body }))
        api.post('/api/act', () => ({ acts: ++acts }))
      },
    ],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
beforeEach(() => {
  acts = 0
  now += 60_000
})
afterAll(() => app.close())

/** Bytes out, bytes in: no client library between the test and the server. */
const exchange = async (
  bytes: string,
): Promise<{ status: number; code: string | undefined; head: string; body: string }> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(bytes)
  let text = ''
  socket.on('data', data => {
    text += data
  })
  await once(socket, 'close')
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s)
  const code = /"failure":"([^"]+)"/.exec(body)?.[1]
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), code, head, body }
}

type Parts = {
  method?: string
  target?: string
  version?: string
  headers?: Record<string, string | string[] | undefined>
  body?: string
}

const raw = ({ method = 'GET', target = '/api/state', version = 'HTTP/1.1', headers = {}, body }: Parts): string => {
  const all: Record<string, string | string[] | undefined> = {
    Host: `127.0.0.1:${port}`,
    Authorization: `Bearer ${token}`,
    Connection: 'close',
    ...(body === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, values]) =>
    values === undefined ? [] : [values].flat().map(value => `${name}: ${value.replaceAll('PORT', String(port))}\r\n`),
  )
  return `${method} ${target.replaceAll('PORT', String(port))} ${version}\r\n${lines.join('')}\r\n${body ?? ''}`
}

const put = { method: 'PUT', target: '/api/mode', body: '{"mode":"mtls"}' }

const allowed: Record<string, Parts> = {
  'a tool on 127.0.0.1': {},
  'a tool on localhost': { headers: { Host: 'localhost:PORT' } },
  'a tool on LOCALHOST': { headers: { Host: 'LocalHost:PORT' } },
  'a tool on [::1]': { headers: { Host: '[::1]:PORT' } },
  'our own page': { headers: { Origin: 'http://127.0.0.1:PORT', 'Sec-Fetch-Site': 'same-origin' } },
  'our own page on localhost': { headers: { Host: 'localhost:PORT', Origin: 'http://localhost:PORT' } },
  'a typed address': { headers: { 'Sec-Fetch-Site': 'none' } },
  'a JSON body': put,
  'a JSON body with charset': { ...put, headers: { 'Content-Type': 'application/json; charset=utf-8' } },
  'an act without a body': { method: 'POST', target: '/api/act', headers: { 'Content-Length': '0' } },
}

type Refusal = [status: number, code: string | undefined, parts: Parts]

const refused: Record<string, Refusal> = {
  // DNS rebinding: the page's own name resolves to loopback.
  'rebinding: another name': [421, 'operator-host', { headers: { Host: 'evil.example:PORT' } }],
  'rebinding: another name, no port': [421, 'operator-host', { headers: { Host: 'evil.example' } }],
  'rebinding: our address, no port': [421, 'operator-host', { headers: { Host: '127.0.0.1' } }],
  'rebinding: our address, another port': [421, 'operator-host', { headers: { Host: '127.0.0.1:1' } }],
  'rebinding: localhost as a prefix': [421, 'operator-host', { headers: { Host: 'localhost.evil.example:PORT' } }],
  'rebinding: localhost as a suffix': [421, 'operator-host', { headers: { Host: 'evil-localhost:PORT' } }],
  'rebinding: 127.0.0.1 as a prefix': [421, 'operator-host', { headers: { Host: '127.0.0.1.evil.example:PORT' } }],
  'rebinding: a trailing dot': [421, 'operator-host', { headers: { Host: 'localhost.:PORT' } }],
  'rebinding: 0.0.0.0': [421, 'operator-host', { headers: { Host: '0.0.0.0:PORT' } }],
  'rebinding: another loopback address': [421, 'operator-host', { headers: { Host: '127.0.0.2:PORT' } }],
  'rebinding: decimal address': [421, 'operator-host', { headers: { Host: '2130706433:PORT' } }],
  'rebinding: short address': [421, 'operator-host', { headers: { Host: '127.1:PORT' } }],
  'rebinding: mapped address': [421, 'operator-host', { headers: { Host: '[::ffff:127.0.0.1]:PORT' } }],
  'rebinding: userinfo': [421, 'operator-host', { headers: { Host: 'evil@127.0.0.1:PORT' } }],
  'rebinding: a list': [421, 'operator-host', { headers: { Host: '127.0.0.1:PORT, evil.example' } }],
  'rebinding: an empty Host': [421, 'operator-host', { headers: { Host: '' } }],
  'rebinding: HTTP/1.0 without Host': [421, 'operator-host', { version: 'HTTP/1.0', headers: { Host: undefined } }],
  'no Host at all': [400, undefined, { headers: { Host: undefined } }],
  'two Hosts, ours first': [400, 'header-twice', { headers: { Host: ['127.0.0.1:PORT', 'evil.example'] } }],
  'two Hosts, ours last': [400, 'header-twice', { headers: { Host: ['evil.example', '127.0.0.1:PORT'] } }],
  'X-Forwarded-Host does not help': [
    421,
    'operator-host',
    { headers: { Host: 'evil.example', 'X-Forwarded-Host': '127.0.0.1:PORT' } },
  ],
  'an absolute target': [400, 'url-malformed', { target: 'http://127.0.0.1:PORT/api/state' }],
  'an absolute target elsewhere': [400, 'url-malformed', { target: 'http://evil.example/api/state' }],

  // CSRF: the browser names the page it acts for.
  'origin: another site': [403, 'operator-origin', { headers: { Origin: 'https://evil.example' } }],
  'origin: null': [403, 'operator-origin', { headers: { Origin: 'null' } }],
  'origin: empty': [403, 'operator-origin', { headers: { Origin: '' } }],
  'origin: our host over https': [403, 'operator-origin', { headers: { Origin: 'https://127.0.0.1:PORT' } }],
  'origin: our host, another port': [403, 'operator-origin', { headers: { Origin: 'http://127.0.0.1:1' } }],
  'origin: our other name': [403, 'operator-origin', { headers: { Origin: 'http://localhost:PORT' } }],
  'origin: ours as a prefix': [403, 'operator-origin', { headers: { Origin: 'http://127.0.0.1:PORT.evil.example' } }],
  'origin: a file': [403, 'operator-origin', { headers: { Origin: 'file://' } }],
  'origin: an extension': [403, 'operator-origin', { headers: { Origin: 'chrome-extension://abc' } }],
  'two origins': [400, 'header-twice', { headers: { Origin: ['http://127.0.0.1:PORT', 'https://evil.example'] } }],
  'cross-site fetch without Origin': [403, 'operator-origin', { headers: { 'Sec-Fetch-Site': 'cross-site' } }],
  'same-site fetch from another port': [403, 'operator-origin', { headers: { 'Sec-Fetch-Site': 'same-site' } }],
  'a cross-site act': [403, 'operator-origin', { ...put, headers: { Origin: 'https://evil.example' } }],
  'a preflight': [
    405,
    'method-not-allowed',
    {
      method: 'OPTIONS',
      headers: { Authorization: undefined, Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT' },
    },
  ],

  // Bodies a form can send.
  'a form post': [
    415,
    'content-type',
    {
      method: 'POST',
      target: '/api/act',
      body: 'a=b',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    },
  ],
  'text/plain': [415, 'content-type', { ...put, headers: { 'Content-Type': 'text/plain' } }],
  'text/plain that ends in json': [
    415,
    'content-type',
    { ...put, headers: { 'Content-Type': 'text/plain; application/json' } },
  ],
  multipart: [415, 'content-type', { ...put, headers: { 'Content-Type': 'multipart/form-data; boundary=x' } }],
  'a body of no type': [415, 'content-type', { ...put, headers: { 'Content-Type': undefined } }],
  'another charset': [415, 'content-type', { ...put, headers: { 'Content-Type': 'application/json; charset=utf-7' } }],
  'two types': [400, 'header-twice', { ...put, headers: { 'Content-Type': ['application/json', 'text/plain'] } }],
  'an empty form post': [
    415,
    'content-type',
    { method: 'POST', target: '/api/act', headers: { 'Content-Length': '0', 'Content-Type': 'text/plain' } },
  ],
  'a body on GET': [400, 'body-unexpected', { body: '{}' }],
  'JSON that is none': [400, 'body-malformed', { ...put, body: '{"mode":' }],
  'JSON that reaches for the prototype': [400, 'body-malformed', { ...put, body: '{"__proto__":{"mode":"x"}}' }],

  // Size and shape.
  'a body of 65 KB': [413, 'body-too-large', { ...put, body: `{"mode":"${'x'.repeat(65 * 1024)}"}` }],
  'a body announced as 1 GB': [413, 'body-too-large', { ...put, headers: { 'Content-Length': '1000000000' } }],
  'headers of 100 KB': [431, 'request-malformed', { headers: { 'X-Long': 'x'.repeat(100_000) } }],
  'a target of 100 KB': [431, 'request-malformed', { target: `/${'x'.repeat(100_000)}` }],
  'length and chunks': [400, 'request-malformed', { ...put, headers: { 'Transfer-Encoding': 'chunked' } }],
  'two lengths': [400, 'request-malformed', { ...put, headers: { 'Content-Length': ['15', '3'] } }],
  'a target that does not decode': [400, 'url-malformed', { target: '/api/%zz' }],

  // Methods.
  DELETE: [405, 'method-not-allowed', { method: 'DELETE' }],
  PATCH: [405, 'method-not-allowed', { method: 'PATCH' }],
  HEAD: [405, undefined, { method: 'HEAD' }],
  TRACE: [405, 'method-not-allowed', { method: 'TRACE' }],
  PROPFIND: [405, 'method-not-allowed', { method: 'PROPFIND' }],
  'an override': [
    404,
    'not-found',
    { method: 'POST', headers: { 'X-HTTP-Method-Override': 'PUT', 'Content-Length': '0' } },
  ],
  'no method HTTP knows': [400, 'request-malformed', { method: 'FROB' }],

  // The token.
  'no token': [401, 'operator-token', { headers: { Authorization: undefined } }],
  'no token, unknown path': [401, 'operator-token', { target: '/nothing', headers: { Authorization: undefined } }],
  'a wrong token': [401, 'operator-token', { headers: { Authorization: 'Bearer wrong' } }],
  'the token without its end': [401, 'operator-token', { headers: { Authorization: `Bearer ${token.slice(0, -1)}` } }],
  'the token as Basic': [401, 'operator-token', { headers: { Authorization: `Basic ${token}` } }],
  'the token in the query': [
    401,
    'operator-token',
    { target: `/api/state?token=${token}`, headers: { Authorization: undefined } },
  ],
  'the token in a cookie': [401, 'operator-token', { headers: { Authorization: undefined, Cookie: `token=${token}` } }],
  'two tokens': [400, 'header-twice', { headers: { Authorization: ['Bearer wrong', `Bearer ${token}`] } }],
  'an empty token': [401, 'operator-token', { headers: { Authorization: 'Bearer ' } }],
}

describe('the operator API lets in', () => {
  it.each(Object.entries(allowed))('%s', async (_, parts) => {
    const answer = await exchange(raw(parts))
    expect([answer.status, acts]).toEqual([200, 1])
    expect(answer.head).not.toMatch(/access-control-/i)
  })
})

describe('the operator API refuses, and does nothing', () => {
  it.each(Object.entries(refused))('%s', async (_, [status, code, parts]) => {
    const answer = await exchange(raw(parts))
    expect([answer.status, answer.code, acts]).toEqual([status, code, 0])
    expect(answer.head).not.toMatch(/access-control-/i)
    expect(answer.body).not.toContain(token)
    expect(answer.body).not.toMatch(/node_modules| at .*\.ts/)
  })

  it('CONNECT', async () => {
    expect((await exchange(raw({ method: 'CONNECT', target: 'evil.example:443' }))).status).not.toBe(200)
    expect(acts).toBe(0)
  })
})

describe('guessing', () => {
  it('is cut off after 60 wrong tokens a minute, while the right one still works', async () => {
    const wrong = raw({ headers: { Authorization: 'Bearer wrong' } })
    const answers: number[] = []
    for (let i = 0; i < 70; i++) answers.push((await exchange(wrong)).status)
    expect([answers.filter(status => status === 401).length, answers.filter(status => status === 429).length]).toEqual([
      60, 10,
    ])
    expect((await exchange(raw({}))).status).toBe(200)
    now += 60_000
    expect((await exchange(wrong)).status).toBe(401)
  })
})

describe('a problem', () => {
  it('names field, expected and found, and is never cached', async () => {
    const { head, body } = await exchange(raw({ headers: { Host: 'evil.example' } }))
    expect(head.toLowerCase()).toContain('content-type: application/problem+json')
    expect(head.toLowerCase()).toContain('cache-control: no-store')
    expect(head.toLowerCase()).toContain("content-security-policy: default-src 'self'")
    expect(JSON.parse(body)).toMatchObject({ status: 421, field: 'Host', found: 'evil.example' })
  })
})
