import { once } from 'node:events'
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Mode } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import {
  converse,
  dialEdge,
  failureIn,
  oneAnswer,
  onWire,
  orderBytes,
  reportOf,
  seenBy,
  stateOf,
  statusesIn,
} from './abuse-support.ts'

let lab: TestLab
let socket: TLSSocket

beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

const ask = (bytes: string) => converse(socket, bytes, oneAnswer)
const good = async () => expect(statusesIn(await ask(orderBytes(lab)))).toEqual([201])
const get = (target: string, ...lines: string[]) =>
  `GET ${target} HTTP/1.1\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`

const stolen = 'spiffe://hop.lab/payments'
const elsewhere = '203.0.113.66'
const claims = [
  ...['X-Spiffe-ID', 'x_spiffe_id', 'X-Spiffe_Id'].map(name => `${name}: ${stolen}`),
  ...['X-Forwarded-Client-Cert', 'x_forwarded_client_cert'].map(name => `${name}: URI=${stolen}`),
  ...['X-Forwarded-For', 'x_forwarded_for', 'X-Real-IP', 'x_real_ip', 'True-Client-IP', 'CF-Connecting-IP'].map(
    name => `${name}: ${elsewhere}`,
  ),
  `Forwarded: for=${elsewhere};by=${stolen}`,
  'X-Request-Id: chosen-by-the-client',
  `traceparent: 00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`,
]

/** Whom orders takes its caller to be, and why. */
const modes: [mode: Mode, caller: string | undefined, by: string][] = [
  ['edge-terminate-plaintext', 'spiffe://hop.lab/gateway', 'header'],
  ['mtls', 'spiffe://hop.lab/gateway', 'certificate'],
  ['passthrough', undefined, 'nobody'],
]

describe.each(modes)('%s', (mode, caller, by) => {
  beforeAll(() => operator(lab, 'PUT', '/api/mode', { mode }))
  beforeEach(async () => {
    socket = await dialEdge(lab)
    await good()
  })
  afterEach(async () => {
    socket.destroy()
    socket = await dialEdge(lab)
    await good()
    socket.destroy()
  })

  test.each([
    ['as they are', [] as string[]],
    ['with Connection naming what others need', ['Connection: Content-Type, Content-Length, Authorization']],
    [
      'with Connection naming what the edge itself will say',
      ['Connection: X-Forwarded-For, X-Spiffe-Id, x-request-id, Host'],
    ],
  ])('who the client says it is counts nowhere: headers %s', async (_, more) => {
    const { cursor } = await reportOf(lab, 'orders')
    expect(statusesIn(await ask(orderBytes(lab, [...claims, ...more])))).toEqual([201])
    const record = await seenBy(lab, 'orders', cursor, ({ requests }) => requests.at(-1))
    expect(record).toMatchObject({ path: '/orders', status: 201, callerBy: by, clientAddress: '127.0.0.1' })
    expect(record.caller).toBe(caller)
    // its own calls are not the client's word: one of them is to payments
    expect(JSON.stringify({ ...record, calls: [] })).not.toMatch(/payments"|203\.0\.113|chosen-by|cccccccc|dddddddd/)
  })

  test('another Host on the same connection is misdirected, ours goes on', async () => {
    for (const host of [
      'bank.example',
      '127.0.0.1',
      'payments.svc.hop.lab',
      `${lab.topology.ingress.serverName}.evil.example`,
    ]) {
      const answer = await ask(orderBytes(lab).replace(/Host: .*/, `Host: ${host}`))
      expect([host, statusesIn(answer), failureIn(answer)]).toEqual([host, [421], 'misdirected-request'])
    }
    await good()
  })

  const host = 'Host: shop.hop.lab'
  test.each([
    ['CONNECT', 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: shop.hop.lab\r\n\r\n', 405, 'method-refused'],
    ['TRACE', `TRACE /orders HTTP/1.1\r\n${host}\r\n\r\n`, 405, 'method-refused'],
    [
      'h2c',
      get('/orders/x', host, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      400,
      'upgrade-refused',
    ],
    ['a websocket', get('/orders/x', host, 'Connection: Upgrade', 'Upgrade: websocket'), 400, 'upgrade-refused'],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'bad-request'],
    ['1 MB of headers', get('/orders/x', host, `X-Long: ${'x'.repeat(1_000_000)}`), 431, 'headers-too-large'],
  ])('%s is refused', async (_, bytes, status, failure) => {
    const answer = await converse(socket, bytes)
    expect([statusesIn(answer), failureIn(answer)]).toEqual([[status], failure])
  })

  const inner = [
    '/admin',
    '/api/state',
    '/api/mode',
    '/wire',
    '/v1/enrol',
    '/v1/stream',
    '/metrics',
    '/charges',
    '/..;/admin',
  ]
  test('nothing of the control plane or of other workloads is behind the public door', async () => {
    const ours = [host, `Authorization: Bearer ${lab.access.token}`]
    for (const path of inner) {
      const answer = await ask(get(path, ...ours))
      expect([path, statusesIn(answer), failureIn(answer)]).toEqual([path, [403], 'denied-by-policy'])
      expect(answer).not.toContain(lab.access.token)
    }
    for (const path of ['/orders/../admin', '/orders/%2e%2e/admin', '/orders/..%2fadmin']) {
      const answer = await ask(get(path, ...ours))
      expect([path, statusesIn(answer)]).toEqual([path, [403]])
      expect(['filtered', 'denied-by-policy']).toContain(failureIn(answer))
    }
    const { host: operatorHost } = new URL(lab.access.operator)
    const answer = await converse(
      socket,
      get(`${lab.access.operator}/api/state`, `Host: ${operatorHost}`, ...ours.slice(1)),
      oneAnswer,
    )
    expect([statusesIn(answer), failureIn(answer)]).toEqual([[421], 'misdirected-request'])
  })
})

test('over HTTP/2 the same holds: authority, methods, identity', async () => {
  await operator(lab, 'PUT', '/api/mode', { mode: 'mtls' })
  const { host: address, port } = lab.access.edge
  const { bundle: ca } = await stateOf(lab)
  const { serverName: servername } = lab.topology.ingress
  const session = connectHttp2(`https://${address}:${port}`, { ca, servername })
  const send = async (headers: OutgoingHttpHeaders): Promise<number | undefined> => {
    const stream = session.request({ ':authority': servername, ':path': '/orders/none', ...headers })
    const [answer] = await once(stream.resume(), 'response')
    return answer[':status']
  }
  const { cursor } = await reportOf(lab, 'orders')
  expect(await send({ 'x-spiffe-id': stolen, x_spiffe_id: stolen, 'x-forwarded-for': elsewhere })).toBe(404)
  const record = await seenBy(lab, 'orders', cursor, ({ requests }) => requests.at(-1))
  expect(record).toMatchObject({
    caller: 'spiffe://hop.lab/gateway',
    callerBy: 'certificate',
    clientAddress: '127.0.0.1',
  })
  expect(await send({ ':authority': 'bank.example' })).toBe(421)
  expect(await send({ host: 'bank.example' })).toBe(400)
  expect(await send({ ':method': 'TRACE' })).toBe(405)
  expect(await send({ ':path': '/admin' })).toBe(403)
  expect(await send({})).toBe(404)
  session.destroy()
})

test('behind the edge the wire shows what the edge says, and nothing the client claimed', async () => {
  await operator(lab, 'PUT', '/api/mode', { mode: 'edge-terminate-plaintext' })
  const client = await createPublicClient(lab)
  const headers = Object.fromEntries(claims.map(line => line.split(/: (.*)/s) as [string, string]))
  expect((await client.send({ headers })).status).toBe(201)
  await client.close()
  for (const link of ['edge:gateway', 'gateway:orders']) {
    expect([link, await onWire(lab, link, 'x-forwarded-for')]).not.toEqual([link, 0])
    for (const claim of [stolen, elsewhere, 'chosen-by', 'cccccccc', 'x_spiffe'])
      expect([link, claim, await onWire(lab, link, claim)]).toEqual([link, claim, 0])
  }
})
