import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { Site, Upstream } from '../../../services/chassis/program.ts'
import { gateway } from '../../../services/gateway/gateway.ts'
import { sidecar } from '../../../services/sidecar/sidecar.ts'
import { contextOf, play, siteWith } from './stage.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A real callee that says which it is and what it got. */
const callee = async (name: string): Promise<Upstream> => {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, method: request.method, url: request.url, body }))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const pool = new Pool(`http://127.0.0.1:${port}`)
  stops.push(
    () => new Promise(done => server.close(done)),
    () => pool.close(),
  )
  const { site } = siteWith({ [name]: () => ({ status: 200, body: null }) }, [], { host: '127.0.0.1', port })
  return { ...site.upstream(name), dispatcher: () => pool }
}

const siteOf = (upstreams: Upstream[], calls: Site['calls'] = []): Site => ({
  ...siteWith({}, calls).site,
  upstream: name => upstreams.find(upstream => upstream.spec().callee === name)!,
  upstreams: () => upstreams,
})

const allow = (callee: string, ...requests: { method: string; path: string }[]) => ({
  ...{ callee, method: 'POST', path: '/', data: [] },
  allow: requests,
})

describe('gateway', () => {
  it('forwards a request, query and body included, to the workload whose link allows it; others get 404', async () => {
    const site = siteOf(
      [await callee('orders'), await callee('files')],
      [allow('orders', { method: 'POST', path: '/orders' }), allow('files', { method: 'GET', path: '/files/*' })],
    )
    const context = contextOf()
    const { send, stop } = await play(gateway, site, 1, context)
    stops.push(stop)
    const placed = await send('POST', '/orders?dry=1', { card: '4' })
    expect(placed.body).toEqual({ name: 'orders', method: 'POST', url: '/orders?dry=1', body: '{"card":"4"}' })
    expect(context.upstream).toBe('test:orders')
    expect((await send('GET', '/files/a')).body).toMatchObject({ name: 'files', url: '/files/a' })

    const refused = await send('DELETE', '/orders')
    expect(refused).toMatchObject({ status: 404, type: 'application/problem+json' })
    expect(refused.body).toMatchObject({ failure: 'no-route', requestId: 'request-1' })
    expect(context.failure).toEqual({ name: 'no-route', code: 'no-route' })
  })
})

describe('sidecar', () => {
  it('forwards everything to the application beside it', async () => {
    const { send, stop } = await play(sidecar, siteOf([await callee('shipping')]))
    stops.push(stop)
    expect((await send('POST', '/shipments', { address: 'x' })).body).toMatchObject({
      name: 'shipping',
      url: '/shipments',
    })
    expect((await send('GET', '/any')).body).toMatchObject({ name: 'shipping', url: '/any' })
  })

  it('says so while the application is not known', async () => {
    const { send, stop } = await play(sidecar, siteOf([]))
    stops.push(stop)
    expect(await send('GET', '/')).toMatchObject({ status: 503, body: { failure: 'no-app' } })
  })
})
