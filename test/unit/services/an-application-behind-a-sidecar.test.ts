import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { request as send } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { callerHeader } from '../../../services/chassis/policy.ts'
import type { Handler, RequestContext } from '../../../services/chassis/program.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'
import { startApplication } from '../../../services/sidecar/application.ts'
import { createPass } from '../../../services/sidecar/pass.ts'
import { siteWith } from './stage.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const start = async (handler?: Handler) => {
  const seen: RequestContext[] = []
  const telemetry = createTelemetry('orders')
  const pass = createPass()
  const take: Handler = (request, response, context) => {
    seen.push(context)
    if (handler) handler(request, response, context)
    else response.end('{}')
  }
  const program = async () => ({ handler: take, close: async () => {} })
  const application = await startApplication({ program, site: siteWith({}).site, pass, telemetry })
  stops.push(application.close)
  const { host, port } = application.address
  const [name, secret] = pass.headers as [string, string]
  const ask = async (headers: Record<string, string>) => {
    const { statusCode, body } = await send(`http://${host}:${port}/orders?card=4`, { headers })
    return { status: statusCode, text: await body.text() }
  }
  return { application, telemetry, seen, ask, admitted: { [name]: secret } }
}

test('knows a request as its sidecar states it: ids, addresses, caller, and the span it goes on with', async () => {
  const { ask, seen, admitted, telemetry } = await start()
  const answer = await ask({
    ...admitted,
    ...{ 'x-request-id': 'request-9', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` },
    ...{ 'x-forwarded-for': '192.0.2.1, 10.0.0.1', [callerHeader]: 'spiffe://hop.lab/gateway' },
    'x-user-assertion': 'a.b.c',
  })
  expect(answer.status).toBe(200)
  expect(seen).toEqual([
    {
      ...{ requestId: 'request-9', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: '00' },
      ...{ parentSpanId: undefined, forwardedFor: ['192.0.2.1', '10.0.0.1'], clientAddress: '192.0.2.1' },
      ...{ caller: 'spiffe://hop.lab/gateway', callerBy: 'header', encrypted: false, ingress: false, calls: [] },
      assertion: 'a.b.c',
    },
  ])
  const { application = [] } = telemetry.observations(0, [])
  expect(application).toEqual([
    expect.objectContaining({
      ...{ requestId: 'request-9', spanId: 'b'.repeat(16), method: 'GET', path: '/orders', status: 200 },
      ...{ encrypted: false, remoteAddress: '127.0.0.1' },
    }),
  ])
})

test('answers nobody but its sidecar, and is not even told of others', async () => {
  const { ask, seen, admitted, telemetry } = await start()
  const [name, secret] = Object.entries(admitted)[0] as [string, string]
  for (const shown of [{}, { [name]: createPass().headers[1]! }, { [name]: '' }, { authorization: secret }]) {
    const { status, text } = await ask(shown)
    expect(status).toBe(407)
    expect(JSON.parse(text)).toMatchObject({ failure: 'stranger' })
  }
  expect(seen).toEqual([])
  expect(telemetry.observations(0, []).application).toBeUndefined()
})

test('listens on loopback and nowhere else', async () => {
  const { application } = await start()
  expect(application.address.host).toBe('127.0.0.1')
  const others = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  for (const { address } of others.filter(({ internal, family }) => !internal && family === 'IPv4')) {
    const socket = connect(application.address.port, address)
    const outcome = await new Promise(done => {
      socket.once('connect', () => done('connected')).once('error', (error: NodeJS.ErrnoException) => done(error.code))
    })
    socket.destroy()
    expect(outcome).toBe('ECONNREFUSED')
  }
})

test('a program that throws costs one request', async () => {
  const { ask, admitted } = await start(() => {
    throw new HopError('no-upstream', { message: 'not yet' })
  })
  expect(await ask(admitted)).toMatchObject({ status: 503 })
  expect(await ask(admitted)).toMatchObject({ status: 503 })
})

test('an answer that comes before the whole request was read is not lost', async () => {
  const { application, admitted } = await start((_, response) => {
    response.statusCode = 413
    response.setHeader('connection', 'close')
    response.end('too large')
  })
  const socket = connect(application.address.port, application.address.host)
  const [[name, secret]] = Object.entries(admitted) as [[string, string]]
  const head = `POST / HTTP/1.1\r\nHost: orders\r\n${name}: ${secret}\r\nContent-Length: 8000000\r\n\r\n`
  socket.write(head + 'x'.repeat(4_000_000))
  let text = ''
  const outcome = new Promise(done => socket.once('end', () => done('end')).once('error', done))
  socket.on('data', chunk => {
    text += chunk
  })
  expect(await outcome).toBe('end')
  expect(text).toContain('413')
  expect(text).toContain('too large')
  socket.destroy()
})
