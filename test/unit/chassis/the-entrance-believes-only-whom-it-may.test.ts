import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCleanup, createMesh, idOf, until } from './mesh.ts'
import { desiredOf, letIn, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
type Started = Awaited<ReturnType<typeof startWorkload>>
let inner: Started
let edge: Started
let orders: Started

const named = `X-Spiffe-ID: ${idOf('gateway')}`
const shop = { tls: { servername: 'shop.hop.lab' }, host: 'shop.hop.lab' }

beforeAll(async () => {
  const accepts = ['plaintext', 'tls', 'mtls'] as const
  const rules = [letIn(idOf('gateway'), { link: 'gateway:orders' })]
  const anyone = letIn('anyone', { link: 'client:edge', paths: ['/orders', '/orders/*'], transports: ['tls'] })
  inner = cleanup.add(await startWorkload(mesh.credentials('orders'), desiredOf({ accepts: [...accepts], rules })))

  const publicStore = () => {
    const store = mesh.credentials('edge')
    for (const name of ['shop.hop.lab', 'other.hop.lab']) store.setPublic(name, mesh.mintPublic(name))
    return store
  }
  const publicNames = ['shop.hop.lab', 'other.hop.lab']
  edge = cleanup.add(
    await startWorkload(publicStore(), desiredOf({ accepts: ['tls'], rules: [anyone], publicNames }), {
      name: 'edge',
      publicOnly: true,
    }),
  )
  // passthrough: the public's own TLS ends at a workload that has callers of its own
  const both = desiredOf({ accepts: ['tls', 'mtls'], rules: [anyone, ...rules], publicNames })
  orders = cleanup.add(await startWorkload(publicStore(), both))
})
afterAll(cleanup.run)

const lastRecord = async (workload: Started, since: number) => {
  await until(() => workload.observations(since).requests.length > 0)
  return workload.observations(since).requests.at(-1)!
}

describe('policy', () => {
  test('what no rule allows is denied, with the reason in answer and record, and nothing of it reaches the program', async () => {
    const { cursor } = inner.observations(0)
    const answer = await send(inner.address, { path: '/admin?secret=1' })
    expect(answer).toMatchObject({ status: 403, body: { failure: 'denied-by-policy' } })
    const record = await lastRecord(inner, cursor)
    expect(record).toMatchObject({ status: 403, path: '/admin', callerBy: 'nobody' })
    expect(record).toMatchObject({ denied: 'no rule lets an unnamed caller in', requestId: answer.body.requestId })
  })

  test('a workload that was told nothing yet denies everything', async () => {
    const fresh = cleanup.add(await startWorkload(mesh.credentials('orders'), desiredOf()))
    expect(await send(fresh.address, { lines: [named] })).toMatchObject({ status: 403 })
  })

  test('the whole of a path is judged, however long it is', async () => {
    const rules = [letIn(idOf('gateway'), { paths: ['/records/*'] })]
    const records = cleanup.add(await startWorkload(mesh.credentials('orders'), desiredOf({ rules })))
    const long = `/records/${'a'.repeat(300)}`
    expect((await send(records.address, { path: long, lines: [named] })).status).toBe(200)
    expect((await send(records.address, { path: `${long}/../../admin`, lines: [named] })).status).toBe(403)
  })

  test('who comes in as anyone is the public, whatever server name he asked for', async () => {
    const rules = [letIn('anyone', { transports: ['tls'] })]
    const open = cleanup.add(await startWorkload(mesh.credentials('orders'), desiredOf({ accepts: ['tls'], rules })))
    const answer = await send(open.address, { tls: {}, lines: [named, 'X-Forwarded-For: 203.0.113.9'] })
    expect(answer).toMatchObject({
      status: 200,
      body: { ingress: true, callerBy: 'nobody', clientAddress: '127.0.0.1' },
    })
  })

  test('a caller with a certificate is who it says, whatever he states', async () => {
    const pair = mesh.mint('payments')
    const tls = { key: pair.key, cert: pair.chain }
    expect(await send(inner.address, { tls, lines: [named] })).toMatchObject({
      status: 403,
      body: { detail: `no rule lets ${idOf('payments')} in` },
    })
  })

  test.each([
    ['tls', 'mtls'],
    ['plaintext', 'mtls'],
    ['plaintext', 'tls'],
  ] as const)('a rule for %s is no rule for %s and the other way round', async (one, other) => {
    const pair = mesh.mint('gateway')
    const over = {
      plaintext: { lines: [named] },
      tls: { tls: {}, lines: [named] },
      mtls: { tls: { key: pair.key, cert: pair.chain } },
    }
    const all = ['plaintext', 'tls', 'mtls'] as const
    for (const [allowed, denied] of [
      [one, other],
      [other, one],
    ] as const) {
      const rules = [letIn(idOf('gateway'), { transports: [allowed] })]
      const only = cleanup.add(await startWorkload(mesh.credentials('orders'), desiredOf({ accepts: [...all], rules })))
      expect((await send(only.address, over[allowed])).status).toBe(200)
      expect(await send(only.address, over[denied])).toMatchObject({
        status: 403,
        body: { detail: `rule caller:callee does not admit ${denied}` },
      })
    }
  })
})

describe('ids and addresses', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'

  test('of a caller who may be believed go on', async () => {
    const lines = [
      named,
      'X-Request-ID: abc-12345',
      `traceparent: ${traceparent}`,
      'X-Forwarded-For: 192.0.2.7, 10.0.0.1',
    ]
    expect((await send(inner.address, { lines })).body).toMatchObject({
      ...{ requestId: 'abc-12345', traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' },
      ...{ traceFlags: '00', forwardedFor: ['192.0.2.7', '10.0.0.1', '127.0.0.1'], clientAddress: '192.0.2.7' },
    })
  })

  test.each([
    ...['', 'garbage', `${traceparent}-more`, traceparent.toUpperCase(), '00-0-0-0', `01${traceparent.slice(2)}`],
    ...[`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    `${traceparent}, ${traceparent}`,
  ])('traceparent %j counts as none', async header => {
    const { body } = await send(inner.address, { lines: [named, `traceparent: ${header}`] })
    expect(body).toMatchObject({ traceFlags: '01', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(body.parentSpanId).toBeUndefined()
    expect(body.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c')
  })

  test.each(['short', 'x'.repeat(65), 'with space', 'a\tb-12345', 'ünïcode-12345', '"quoted-12345"', '{json-12345}'])(
    'request id %j is replaced',
    async id => {
      const { body } = await send(inner.address, { lines: [named, `X-Request-ID: ${id}`] })
      expect(body.requestId).toMatch(/^[0-9a-f]{24}$/)
    },
  )

  test('two request ids are none', async () => {
    const lines = [named, 'X-Request-ID: abc-12345', 'X-Request-ID: abc-67890']
    expect((await send(inner.address, { lines })).body.requestId).not.toBe('abc-12345')
  })

  test('of what is no address nothing is taken, and of addresses sixteen at most', async () => {
    const lines = [named, 'X-Forwarded-For: evil.test, <b>, 2001:db8::1, 192.0.2.7:80, 1 2']
    expect((await send(inner.address, { lines })).body.forwardedFor).toEqual([
      '2001:db8::1',
      '192.0.2.7:80',
      '127.0.0.1',
    ])
    const many = [named, `X-Forwarded-For: ${Array.from({ length: 400 }, (_, i) => `10.0.0.${i % 250}`).join(',')}`]
    expect((await send(inner.address, { lines: many })).body.forwardedFor).toHaveLength(17)
  })

  test("a named caller's word for its user is kept for whoever checks it, one word only", async () => {
    const lines = [named, 'X-User-Assertion: a.b.c']
    expect((await send(inner.address, { lines })).body.assertion).toBe('a.b.c')
    const twice = (await send(inner.address, { lines: [...lines, 'X-User-Assertion: d.e.f'] })).body.assertion
    expect(twice).not.toBe('a.b.c')
    expect((await send(inner.address, { lines: [named, 'X_User_Assertion: a.b.c'] })).body.assertion).toBeUndefined()
  })

  test('of the public nothing is believed: name, ids, addresses, users', async () => {
    const lines = [named, 'X-Request-ID: abc-12345', `traceparent: ${traceparent}`, 'X-Forwarded-For: 192.0.2.7']
    lines.push('X-User-Assertion: a.b.c')
    for (const door of [edge, orders]) {
      const { status, body } = await send(door.address, { ...shop, path: '/orders/1', lines })
      expect(status).toBe(200)
      expect(body).toMatchObject({
        ingress: true,
        callerBy: 'nobody',
        forwardedFor: ['127.0.0.1'],
        clientAddress: '127.0.0.1',
      })
      expect(body.caller).toBeUndefined()
      expect(body.assertion).toBeUndefined()
      expect(body.requestId).not.toBe('abc-12345')
      expect(body.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c')
    }
  })

  test('of a caller nobody named nothing is believed either', async () => {
    const open = desiredOf({ rules: [letIn('anyone')] })
    const lone = cleanup.add(await startWorkload(mesh.credentials('orders'), open))
    const lines = ['X-Request-ID: abc-12345', 'X-Forwarded-For: 192.0.2.7', `traceparent: ${traceparent}`]
    const { body } = await send(lone.address, { lines })
    expect(body).toMatchObject({ ingress: true, forwardedFor: ['127.0.0.1'], clientAddress: '127.0.0.1' })
    expect([body.requestId, body.traceId]).not.toEqual(expect.arrayContaining(['abc-12345']))
  })

  test('at the public’s door a stated name opens no inner rule', async () => {
    expect(await send(orders.address, { ...shop, path: '/inner', lines: [named] })).toMatchObject({ status: 403 })
  })
})

describe('the Host', () => {
  test.each([
    ['another public name', 'other.hop.lab'],
    ['somebody else’s', 'evil.test'],
    ['the workload’s inner name', 'orders.svc.hop.lab'],
    ['a name with a dot more', 'shop.hop.lab.'],
  ])('%s is misdirected on a connection made for shop.hop.lab', async (_, host) => {
    for (const door of [edge, orders])
      expect(await send(door.address, { ...shop, host, path: '/orders/1' })).toMatchObject({
        status: 421,
        body: { failure: 'misdirected-request' },
      })
  })

  test.each(['shop.hop.lab', 'SHOP.hop.lab', 'shop.hop.lab:8443'])('%s is right', async host => {
    expect(await send(edge.address, { ...shop, host, path: '/orders/1' })).toMatchObject({ status: 200 })
  })

  test('without a server name it must be a public one', async () => {
    const path = '/orders/1'
    expect(await send(edge.address, { tls: {}, host: 'shop.hop.lab', path })).toMatchObject({ status: 200 })
    expect(await send(edge.address, { tls: {}, host: 'evil.test', path })).toMatchObject({ status: 421 })
  })
})
