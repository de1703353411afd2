import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPublicClient, startTestLab, type TestLab } from '../support/lab.ts'
import { converse, dialEdge, failureIn, statusesIn } from './abuse-support.ts'

let lab: TestLab
let client: Awaited<ReturnType<typeof createPublicClient>>
beforeAll(async () => {
  lab = await startTestLab()
  client = await createPublicClient(lab)
})
afterAll(async () => {
  await client.close()
  await lab.close()
})

test.each([
  ['an order', 201, {}],
  ['what the filter refuses', 403, { method: 'GET', path: '/orders/1?q=%3Cscript%3E', body: null }],
  ['what policy denies', 403, { method: 'GET', path: '/admin', body: null }],
] as [string, number, object][])('%s is answered with HSTS (RFC 6797 §7.1)', async (_what, status, options) => {
  const answer = await client.send(options)
  expect(answer.status).toBe(status)
  expect(answer.headers['strict-transport-security']).toMatch(/^max-age=\d{8}/)
})

const host = 'Host: shop.hop.lab'
test.each([
  ['what is no request', 'nonsense\r\n\r\n', 400, 'bad-request'],
  [
    'a request that could be read in two ways',
    `POST /orders HTTP/1.1\r\n${host}\r\nContent-Length: 5, 5\r\n\r\n12345`,
    400,
    'content-length-unclear',
  ],
  ['CONNECT', `CONNECT shop.hop.lab:443 HTTP/1.1\r\n${host}\r\n\r\n`, 405, 'method-refused'],
  ['TRACE', `TRACE /orders HTTP/1.1\r\n${host}\r\n\r\n`, 405, 'method-refused'],
  [
    'another host',
    'GET /orders/1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    421,
    'misdirected-request',
  ],
])('%s is refused, and that with HSTS as well', async (_what, bytes, status, failure) => {
  const answer = await converse(await dialEdge(lab), bytes)
  expect([statusesIn(answer), failureIn(answer)]).toEqual([[status], failure])
  expect(answer).toMatch(/\r\nstrict-transport-security: max-age=\d{8}/i)
})

test('over HTTP/2 refusals carry HSTS too', async () => {
  const socket = await dialEdge(lab, { ALPNProtocols: ['h2'] })
  const session = connectHttp2('https://shop.hop.lab', { createConnection: () => socket })
  const stream = session.request({ ':authority': 'shop.hop.lab', ':path': '/orders/1', ':method': 'TRACE' })
  const [headers] = await once(stream.resume(), 'response')
  expect(headers).toMatchObject({
    ':status': 405,
    'strict-transport-security': expect.stringMatching(/^max-age=\d{8}/),
  })
  session.destroy()
})

test('an upstream that is gone is answered with HSTS as well', async () => {
  const wire = (act: string, body = {}) =>
    fetch(`${lab.access.wire}/wire/edge:gateway/${act}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${lab.access.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await wire('cut', { refuse: true })
  const { status, headers } = await client.send()
  await wire('restore')
  expect([status, headers['strict-transport-security']]).toEqual([502, expect.stringMatching(/^max-age=\d{8}/)])
})

test('plain HTTP is sent to HTTPS, to the name served here and nowhere else, with method and path kept', async () => {
  const { host, port } = lab.access.redirect
  for (const name of ['shop.hop.lab', 'evil.example']) {
    const answer = await fetch(`http://${host}:${port}/orders/1?a=b`, { headers: { host: name }, redirect: 'manual' })
    expect(answer.status).toBe(308)
    expect(answer.headers.get('location')).toBe(`https://shop.hop.lab:${lab.access.edge.port}/orders/1?a=b`)
  }
})
