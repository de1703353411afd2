import fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { registerWireApi } from '../../../services/wire/api.ts'
import { createWire } from '../../../services/wire/wire.ts'
import { createCleanup, dialled, drained, tcpServer, until } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const start = async () => {
  const wire = createWire()
  const address = await tcpServer(cleanup, socket => socket.pipe(socket))
  const tap = await wire.add({ link: 'orders:payments', target: () => address })
  const app = fastify()
  await registerWireApi(app, wire)
  cleanup.later(() => wire.close())
  cleanup.later(() => app.close())
  const post = async (what: string, payload?: object, link = 'orders:payments') => {
    const response = await app.inject({ method: 'POST', url: `/wire/${link}/${what}`, ...(payload && { payload }) })
    return { status: response.statusCode, type: response.headers['content-type'], body: response.json() }
  }
  const say = async (text: string): Promise<string> => {
    const { socket } = await dialled(tap.address, cleanup)
    socket.end(text)
    const answer = String(await drained(socket))
    await until(() => tap.state().connections.open === 0)
    return answer
  }
  return { app, tap, address, post, say }
}

test('lists the taps and finds bytes by text and by hex', async () => {
  const { app, tap, post, say } = await start()
  await say('card 4000000000000002')
  const list = (await app.inject('/wire')).json()
  expect(list.taps).toMatchObject([
    { link: 'orders:payments', address: tap.address, connections: { open: 0, total: 1 }, bytes: { 'to-callee': 21 } },
  ])
  const found = await post('find', { text: '4000000000000002' })
  expect(found.body).toMatchObject({ count: 2, findings: [{ offset: 5, text: 'card 4000000000000002' }, {}] })
  expect((await post('find', { hex: '63617264' })).body.count).toBe(2)
})

test('alters, redirects, cuts, delays, restores and resets', async () => {
  const { app, address, post, say } = await start()
  const rule = { find: 'cat', replace: { hex: '646f67' }, direction: 'to-callee', times: 1 }
  expect((await post('alter', rule)).body.alterations).toMatchObject([{ find: '636174', hits: 0, left: 1 }])
  expect(await say('cat cat')).toBe('dog cat')
  expect((await post('redirect', { host: '127.0.0.1', port: address.port })).body.redirectedTo).toEqual(address)
  expect((await post('delay', { ms: 5 })).body.delayMs).toBe(5)
  expect((await post('cut', { refuse: true })).body).toMatchObject({ cut: 0, refusing: true })
  const restored = (await post('restore')).body
  expect(restored).toMatchObject({ refusing: false, delayMs: 0, alterations: [] })
  expect((await post('reset')).body.recorded).toMatchObject({ connections: 0, bytes: 0 })
  await say('again')
  const { connections } = (await app.inject('/wire/orders:payments/bytes')).json()
  expect(Buffer.from(connections[0].bytes['to-caller'], 'base64').toString()).toBe('again')
  expect(connections[0].events.map((event: { kind: string }) => event.kind)).toEqual(['data', 'fin', 'data', 'fin'])
})

test('a capture comes as a file, with the key log inside when one is given', async () => {
  const { app } = await start()
  const url = '/wire/orders:payments/capture'
  const plain = await app.inject(url)
  expect(plain.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="orders-payments.pcapng"',
  })
  expect(plain.rawPayload.readUInt32BE(0)).toBe(0x0a0d0d0a)
  const line = `CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}`
  const withKeys = await app.inject({ method: 'POST', url, payload: { keyLog: [line] } })
  expect(withKeys.rawPayload.includes(line)).toBe(true)
})

const wrong: [what: string, payload: object, field: string][] = [
  ['find', {}, 'body'],
  ['find', { text: 'a', hex: '61' }, 'body'],
  ['find', { hex: 'abc' }, 'hex'],
  ['find', { text: 'a', more: 1 }, 'more'],
  ['alter', { find: 'a', replace: 'b', direction: 'up' }, 'direction'],
  ['alter', { find: 'a', replace: 'bb', direction: 'to-caller' }, 'replace'],
  ['alter', { find: 'a', replace: 'b', direction: 'to-caller', times: 0 }, 'times'],
  ['delay', { ms: -1 }, 'ms'],
  ['delay', { ms: 60_001 }, 'ms'],
  ['redirect', { host: 'a b', port: 1 }, 'host'],
  ['redirect', { host: '127.0.0.1', port: 65_536 }, 'port'],
  ['cut', { refuse: 'yes' }, 'refuse'],
  ['capture', { keyLog: ['not a line'] }, 'keyLog.0'],
]
test.each(wrong)('%s %j is refused, naming %s', async (what, payload, field) => {
  const { post } = await start()
  const { status, type, body } = await post(what, payload)
  expect({ status, type: type?.toString().split(';')[0], field: body.field }).toEqual({
    ...{ status: 400, type: 'application/problem+json', field },
  })
})

test('an unknown link is 404, a body that is no JSON 400, both as problems', async () => {
  const { app, post } = await start()
  const unknown = await post('find', { text: 'a' }, 'no:link')
  expect(unknown).toMatchObject({ status: 404, body: { code: 'link-unknown', field: 'link' } })
  expect(await post('reset', undefined, '__proto__')).toMatchObject({ status: 404 })
  const headers = { 'content-type': 'application/json' }
  const broken = await app.inject({ method: 'POST', url: '/wire/orders:payments/find', headers, payload: '{' })
  expect(broken.statusCode).toBe(400)
  expect(broken.headers['content-type']).toContain('application/problem+json')
})
