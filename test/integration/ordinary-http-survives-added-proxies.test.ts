import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as send } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { anyone } from '../../services/chassis/policy.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { gateway } from '../../services/gateway/gateway.ts'
import { createCleanup, createMesh, idOf } from '../unit/chassis/mesh.ts'
import { desiredOf, letIn, startWorkload } from '../unit/chassis/workloads.ts'
import { type Origin, startOrigin } from './semantics-origin.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const mesh = createMesh()

/** The gateway as it is, `depth` of them one behind the other, mutual TLS between them, in front of the origin. */
const chain = async (depth: number, origin: Origin, cleanup: ReturnType<typeof createCleanup>): Promise<Address> => {
  let next: Address = { host: '127.0.0.1', port: origin.port }
  for (let i = depth; i > 0; i--) {
    const name = `proxy${i}`
    const first = i === 1
    const last = i === depth
    const upstream = {
      link: `${name}:next`,
      callee: 'next',
      transport: last ? 'plaintext' : 'mtls',
      address: next,
    } as const
    const rule = letIn(first ? anyone : idOf(`proxy${i - 1}`), { methods })
    const desired = desiredOf({
      accepts: [first ? 'plaintext' : 'mtls'],
      rules: [rule],
      upstreams: [{ ...upstream, id: idOf(`proxy${i + 1}`), verify: true }],
    })
    const allow = methods.map(method => ({ method, path: '/*' }))
    const calls = [{ callee: 'next', method: 'GET', path: '/1', data: [], allow }]
    const proxy = await startWorkload(mesh.credentials(name), desired, { name, program: gateway, calls })
    cleanup.add(proxy)
    next = proxy.address
  }
  return next
}

type Answer = { status: number; message: IncomingMessage; body: Buffer; continued: boolean }

describe.each([0, 1, 2])('with %i proxies in between', depth => {
  const cleanup = createCleanup()
  let origin: Origin
  let address: Address
  beforeAll(async () => {
    origin = cleanup.add(await startOrigin())
    address = await chain(depth, origin, cleanup)
  })
  afterAll(() => cleanup.run())

  const start = (path: string, options: RequestOptions = {}): ClientRequest =>
    send({ ...address, path, agent: false, ...options, headers: { host: 'x', ...(options.headers as object) } })

  const finish = async (outgoing: ClientRequest, body?: Buffer | string): Promise<Answer> => {
    let continued = false
    outgoing.once('continue', () => {
      continued = true
      outgoing.end(body)
    })
    if (outgoing.getHeader('expect') === undefined) outgoing.end(body)
    else outgoing.flushHeaders()
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: message.statusCode!, message, body: Buffer.concat(await message.toArray()), continued }
  }
  const ask = (path: string, options: RequestOptions = {}, body?: Buffer | string) => finish(start(path, options), body)
  const valuesOf = ({ message: { rawHeaders } }: Answer, name: string) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]!.toLowerCase() === name)
  const echoed = async (options: RequestOptions, body?: Buffer | string) =>
    JSON.parse(String((await ask('/echo', options, body)).body))

  test('each proxy was there: it left its name', async () => {
    expect(valuesOf(await ask('/repeated'), 'via')).toHaveLength(depth)
  })

  test.each([200, 201, 202, 204, 301, 304, 307, 400, 404, 409, 418, 429, 500, 503])('status %i', async code => {
    const answer = await ask(`/status?code=${code}`)
    expect([answer.status, answer.message.headers['x-origin'], answer.message.headers.location]).toEqual([
      code,
      'yes',
      '/elsewhere',
    ])
    expect([String(answer.body), answer.message.headers['retry-after']]).toEqual([
      code === 204 || code === 304 ? '' : 'body',
      '7',
    ])
  })

  test('repeated headers stay repeated, in their order, in both directions', async () => {
    const answer = await ask('/repeated')
    expect([valuesOf(answer, 'set-cookie'), valuesOf(answer, 'x-many')]).toEqual([
      ['a=1', 'b=2'],
      ['1', '2'],
    ])
    const { rawHeaders } = await echoed({ headers: { 'x-list': ['1', '2'], accept: 'a, b' } as never })
    const sent = (name: string) =>
      rawHeaders.filter((_: string, i: number) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === name)
    expect([sent('x-list'), sent('accept')]).toEqual([['1', '2'], ['a, b']])
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s with a body, its path and query untouched', async method => {
    expect(await echoed({ method, headers: { 'content-length': 4 } }, 'body')).toMatchObject({ method, body: 'body' })
    expect(JSON.parse(String((await ask('/echo?a=1&a=%2F+b', {})).body)).url).toBe('/echo?a=1&a=%2F+b')
  })

  test('HEAD has the headers of GET and no body', async () => {
    const answer = await ask('/ranged', { method: 'HEAD' })
    expect([answer.status, answer.message.headers['content-length'], answer.body.length]).toEqual([200, '19', 0])
  })

  test('ranges and conditions', async () => {
    const part = await ask('/ranged', { headers: { range: 'bytes=4-8' } })
    expect([part.status, part.message.headers['content-range'], String(part.body)]).toEqual([
      206,
      'bytes 4-8/19',
      'quick',
    ])
    const known = await ask('/tagged', { headers: { 'if-none-match': '"v1"' } })
    expect([known.status, known.message.headers.etag, known.message.headers.vary]).toEqual([
      304,
      '"v1"',
      'accept-encoding',
    ])
    expect((await ask('/tagged')).status).toBe(200)
  })

  test('a body that is compressed stays as it is', async () => {
    const packed = gzipSync('x'.repeat(1000))
    const { body } = await ask('/upload', { method: 'POST', headers: { 'content-encoding': 'gzip' } }, packed)
    expect(String(body)).toBe(createHash('sha256').update(packed).digest('hex'))
  })

  test('trailers follow the body', async () => {
    const { message, body } = await ask('/trailers')
    expect([String(body), message.trailers]).toEqual(['The quick brown fox', { 'x-sum': '42' }])
  })

  test('Expect: 100-continue gets its 100, and after the body its answer', async () => {
    const options = { method: 'POST', headers: { expect: '100-continue', 'content-length': 4 } }
    expect(await ask('/upload', options, 'body')).toMatchObject({ status: 200, continued: true })
  })

  test('8 MB up and down arrive whole', async () => {
    const body = randomBytes(8 << 20)
    const up = await ask('/upload', { method: 'PUT' }, body)
    expect(String(up.body)).toBe(createHash('sha256').update(body).digest('hex'))
    expect((await ask('/download')).body.length).toBe(8 << 20)
  })

  test('what the origin sends first arrives before it sends the rest', async () => {
    const [message] = (await once(start('/drip').end(), 'response')) as [IncomingMessage]
    const [first] = await once(message, 'data')
    origin.drip()
    expect(String(first) + (await message.toArray()).join('')).toBe('firstlast')
  })

  test('a client that gives up is gone for the origin too', async () => {
    const outgoing = start('/hang').on('error', () => {})
    outgoing.end()
    await origin.happened('asked /hang')
    outgoing.destroy()
    await origin.happened('gone /hang')
  })

  test('an answer that breaks off does not pass for a whole one', async () => {
    await expect(ask('/break')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an origin that closes between two requests costs none of them', async () => {
    for (let i = 0; i < 10; i++) {
      expect(String((await ask('/last')).body)).toBe('closing without a word')
      expect((await ask('/status?code=200')).status).toBe(200)
    }
  })
})
