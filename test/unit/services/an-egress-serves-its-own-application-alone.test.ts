import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { buildConnector, type Dispatcher, request as send } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { createAuthority } from '../../../pki/authority.ts'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { HttpPool } from '../../../services/chassis/http-client.ts'
import type { Call, RequestContext, Site, Upstream } from '../../../services/chassis/program.ts'
import { createLog, createTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { startEgress } from '../../../services/sidecar/egress.ts'
import { createOutside } from '../../../services/sidecar/outside.ts'
import { createPass } from '../../../services/sidecar/pass.ts'
import { contextOf, siteWith } from './stage.ts'

const trust = { bundle: createAuthority({ trustDomain: 'hop.lab', clock: Date.now }).trustBundle(), crl: [] }

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

type Got = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: string }

/** A real callee that keeps what it got, and an upstream to it such as a sidecar has. */
const startCallee = async (name: string, status = 200, answer: string = JSON.stringify({ name })) => {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    got.push({ method, url, headers, body: await text(request) })
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address: Address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const dispatcher: Dispatcher = new HttpPool({
    ...{ address, secure: false, connect: buildConnector({}), connections: 4, waiting: 4 },
    ...{ headersMs: 2_000, bodyMs: 2_000, idleMs: 1_000 },
  })
  stops.push(
    () => new Promise(done => server.close(done)),
    () => dispatcher.destroy(),
  )
  const { site } = siteWith({ [name]: () => ({ status: 200, body: null }) }, [], address)
  const upstream: Upstream = { ...site.upstream(name), dispatcher: () => dispatcher }
  return { got, upstream, address, close: () => new Promise(done => server.close(done)) }
}

const callTo = (callee: string): Call => ({ callee, method: 'POST', path: '/', data: [], allow: [] })

const startWith = async (upstreams: Upstream[], { links = ['payments'], carrying = true } = {}) => {
  const lines: string[] = []
  const log = createLog('orders', { write: line => void lines.push(line) }, 'debug')
  const pass = createPass()
  const underWay = new Map<string, RequestContext>()
  const egress = await startEgress({
    ...{ name: 'orders', trustDomain: 'hop.lab', callees: new Set(links), pass, underWay },
    ...{
      credentials: createCredentials({ trust }),
      telemetry: createTelemetry('orders', log),
    },
  })
  const find = (name: string) => upstreams.find(upstream => upstream.spec().callee === name)!
  const site: Site = { ...siteWith({}).site, name: 'orders', upstream: find, upstreams: () => upstreams }
  if (carrying) egress.carryBy(site)
  const outside = createOutside({ name: 'orders', calls: links.map(callTo), egress: egress.address, pass })
  stops.push(egress.close, outside.close)
  const { host, port } = egress.address
  const stranger = async (headers: Record<string, string | undefined>) => {
    const answer = await send(`http://${host}:${port}/charges`, { method: 'POST', headers, body: '{}' })
    return { status: answer.statusCode, body: (await answer.body.json()) as { failure?: string } }
  }
  return { egress, outside, pass, underWay, stranger, logged: () => lines.join('') }
}

const charge = { method: 'POST', path: '/charges', body: { amount: 1 } }

test('a call of the application is carried to the callee it names, with its ids and without its pass', async () => {
  const payments = await startCallee('payments')
  const { outside, pass, logged } = await startWith([payments.upstream])
  const context = contextOf({ requestId: 'request-7', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) })
  const answer = await outside.upstream('payments').call(context, charge)
  expect(answer).toEqual({ status: 200, body: { name: 'payments' } })
  const [{ headers, ...got } = { headers: {} }] = payments.got
  expect(got).toEqual({ method: 'POST', url: '/charges', body: '{"amount":1}' })
  expect(headers).toMatchObject({
    'x-request-id': 'request-7',
    traceparent: expect.stringMatching(/^00-a{32}-(?!b{16})[0-9a-f]{16}-01$/),
    'x-forwarded-for': '192.0.2.7',
  })
  const secret = pass.headers[1]!
  expect(JSON.stringify(headers)).not.toContain(secret)
  expect(logged()).not.toContain(secret)
})

test('a stranger without the pass, or with another, is refused and reaches nobody', async () => {
  const payments = await startCallee('payments')
  const { stranger, pass, logged } = await startWith([payments.upstream])
  const [name, secret] = pass.headers as [string, string]
  const host = { host: 'payments' }
  for (const shown of [{}, { [name]: createPass().headers[1]! }, { [name]: `${secret}x` }, { authorization: secret }])
    expect(await stranger({ ...host, ...shown })).toMatchObject({ status: 407, body: { failure: 'stranger' } })
  expect(payments.got).toEqual([])
  expect(logged()).toContain('stranger at the egress refused')
  expect(await stranger({ ...host, [name]: secret })).toMatchObject({ status: 200 })
})

test('nobody is reached whom no link leads to: not another workload, not the application itself', async () => {
  const others = await Promise.all(['inventory', 'app'].map(name => startCallee(name)))
  const { stranger, pass } = await startWith(others.map(({ upstream }) => upstream))
  const [name, secret] = pass.headers as [string, string]
  for (const host of ['inventory', 'app', 'inventory:80', '127.0.0.1', 'constructor'])
    expect(await stranger({ host, [name]: secret })).toMatchObject({ status: 403, body: { failure: 'no-link' } })
  expect(others.flatMap(({ got }) => got)).toEqual([])
})

test('TLS and what is no HTTP are refused at the egress', async () => {
  const { egress, logged } = await startWith([])
  const socket = connect(egress.address.port, egress.address.host)
  socket.write(Buffer.from('160301000401000000', 'hex'))
  await new Promise(done => socket.on('error', () => {}).on('close', done))
  expect(logged()).toContain('tls-to-plaintext')
})

test('it listens on loopback and nowhere else', async () => {
  const { egress } = await startWith([])
  expect(egress.address.host).toBe('127.0.0.1')
  const others = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  for (const { address } of others.filter(({ internal, family }) => !internal && family === 'IPv4')) {
    const socket = connect(egress.address.port, address)
    const outcome = await new Promise(done => {
      socket.once('connect', () => done('connected')).once('error', (error: NodeJS.ErrnoException) => done(error.code))
    })
    socket.destroy()
    expect(outcome).toBe('ECONNREFUSED')
  }
})

test('what a callee answers is its answer, also a refusal; what the sidecar could not do is a failure by its name', async () => {
  const refusal = '{"failure":"denied-by-policy"}'
  const payments = await startCallee('payments', 403, refusal)
  const inventory = await startCallee('inventory')
  const links = ['payments', 'inventory']
  const { outside } = await startWith([payments.upstream, inventory.upstream], { links })
  const answer = await outside.upstream('payments').call(contextOf(), charge)
  expect(answer).toEqual({ status: 403, body: JSON.parse(refusal) })

  await inventory.close()
  const context = contextOf()
  const failed = outside.upstream('inventory').call(context, charge)
  await expect(failed).rejects.toMatchObject({ code: 'connection-refused' })
  expect(context.failure?.name).toBe('connection-refused')
})

test('before the sidecar knows its upstreams a call fails as it does without a sidecar', async () => {
  const { outside } = await startWith([], { carrying: false })
  await expect(outside.upstream('payments').call(contextOf(), charge)).rejects.toMatchObject({ code: 'no-upstream' })
  expect(() => outside.upstream('shipping')).toThrow(expect.objectContaining({ code: 'no-upstream' }))
})

test('a call made for a request of the sidecar goes on with what is known of that, and tells it of failures', async () => {
  const payments = await startCallee('payments')
  const { outside, underWay } = await startWith([payments.upstream])
  const own = contextOf({
    ...{ requestId: 'request-own', traceId: 'a'.repeat(32), spanId: 'c'.repeat(16) },
    forwardedFor: ['198.51.100.4'],
  })
  underWay.set(own.spanId, own)
  const stated = { ...own, requestId: 'request-other', forwardedFor: ['203.0.113.9'] }
  await outside.upstream('payments').call(stated, charge)
  expect(payments.got[0]!.headers).toMatchObject({ 'x-request-id': 'request-own', 'x-forwarded-for': '198.51.100.4' })
  expect(own.upstream).toBeUndefined()
  expect(payments.got[0]!.headers.traceparent).toBe(`00-${own.traceId}-${own.calls[0]!.spanId}-01`)

  await payments.close()
  await outside
    .upstream('payments')
    .call(stated, charge)
    .catch(() => {})
  expect(own.failure?.name).toBe('connection-refused')
})

test('a stranger keeps no connection that the application could need', async () => {
  const { egress } = await startWith([])
  const { host, port } = egress.address
  const socket = connect(port, host)
  socket.write('GET / HTTP/1.1\r\nHost: payments\r\n\r\n')
  const answer = Buffer.concat(await socket.toArray()).toString()
  expect(answer).toMatch(/^HTTP\/1\.1 407 /)
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
})
