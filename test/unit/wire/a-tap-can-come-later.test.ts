import fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { registerWireApi } from '../../../services/wire/api.ts'
import { createWire } from '../../../services/wire/wire.ts'
import { createCleanup, dialled, drained, tcpServer } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

const start = async () => {
  const wire = createWire()
  const target = await tcpServer(cleanup, socket => socket.pipe(socket))
  await wire.add({ link: 'orders:payments', target: () => target })
  const app = fastify()
  await registerWireApi(app, wire)
  cleanup.later(() => wire.close())
  cleanup.later(() => app.close())
  const post = async (url: string, payload?: object) => {
    const response = await app.inject({ method: 'POST', url, ...(payload && { payload }) })
    return { status: response.statusCode, body: response.json() }
  }
  return {
    app,
    target,
    post,
    links: async () => (await app.inject('/wire')).json().taps.map((t: { link: string }) => t.link),
  }
}

test('on a link of its own, watched like any other, and taken away again', async () => {
  const { target, post, links } = await start()
  const { status, body } = await post('/wire', { link: 'orders:collector', target })
  expect({ status, link: body.link, target: body.target }).toEqual({ status: 201, link: 'orders:collector', target })
  const { socket } = await dialled(body.address, cleanup)
  socket.end('card 4000000000000002')
  expect(String(await drained(socket))).toBe('card 4000000000000002')
  expect((await post('/wire/orders:collector/find', { text: '4000000000000002' })).body.count).toBe(2)
  expect(await links()).toEqual(['orders:payments', 'orders:collector'])
  expect(await post('/wire/orders:collector/remove')).toEqual({ status: 200, body: { removed: 'orders:collector' } })
  expect(await links()).toEqual(['orders:payments'])
  expect(await post('/wire/orders:collector/remove')).toMatchObject({ status: 404, body: { code: 'link-unknown' } })
})

test('not twice, and the lab’s own taps stay', async () => {
  const { target, post, links } = await start()
  const twice = await post('/wire', { link: 'orders:payments', target })
  expect(twice).toMatchObject({ status: 409, body: { code: 'link-tapped-twice' } })
  expect(await post('/wire/orders:payments/remove')).toMatchObject({ status: 409, body: { code: 'tap-needed' } })
  expect(await links()).toEqual(['orders:payments'])
})

test.each([
  ['link', { link: 'collector', target: { host: '127.0.0.1', port: 1 } }],
  ['link', { link: '../a:b', target: { host: '127.0.0.1', port: 1 } }],
  ['target.port', { link: 'a:b', target: { host: '127.0.0.1', port: 0 } }],
  ['target.host', { link: 'a:b', target: { host: 'a b', port: 1 } }],
  ['more', { link: 'a:b', target: { host: '127.0.0.1', port: 1 }, more: 1 }],
])('a body with a wrong %s is refused, naming it', async (field, payload) => {
  const { post } = await start()
  expect(await post('/wire', payload)).toMatchObject({ status: 400, body: { code: 'body-invalid', field } })
})
