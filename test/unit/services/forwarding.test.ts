import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Pool } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { Site, Upstream } from '../../../services/chassis/program.ts'
import { gateway } from '../../../services/gateway/gateway.ts'
import { createPass } from '../../../services/sidecar/pass.ts'
import { createSidecar } from '../../../services/sidecar/sidecar.ts'
import { contextOf, play, siteWith } from './stage.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A real callee that says which it is and what it got. */
const callee = async (name: string, echo = false): Promise<Upstream> => {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    response.setHeader('content-type', 'application/json')
    const { method, url, headers } = request
    response.end(JSON.stringify({ name, method, url, body, ...(echo ? { headers } : {}) }))
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
  const beside = async (upstream: Upstream): Promise<Upstream> => ({
    ...upstream,
    spec: () => ({ ...upstream.spec(), id: '' }),
  })

  it('forwards everything to the application beside it, with its pass and the name of the caller', async () => {
    const pass = createPass()
    const app = await beside(await callee('app', true))
    const context = contextOf({ caller: 'spiffe://hop.lab/orders', callerBy: 'certificate' })
    const { send, stop } = await play(createSidecar({ pass }), siteOf([await callee('other'), app]), 1, context)
    stops.push(stop)
    const forged = { 'x-spiffe-id': 'spiffe://hop.lab/gateway', 'proxy-authorization': 'Bearer stolen' }
    const { body } = await send('POST', '/shipments', { address: 'x' }, forged)
    expect(body).toMatchObject({ name: 'app', url: '/shipments', body: '{"address":"x"}' })
    expect(body.headers['proxy-authorization']).toBe(pass.headers[1])
    expect(body.headers['x-spiffe-id']).toBe('spiffe://hop.lab/orders')
    expect((await send('GET', '/any')).body).toMatchObject({ name: 'app', url: '/any' })
  })

  it('names no caller where none is known', async () => {
    const app = await beside(await callee('app', true))
    const { send, stop } = await play(createSidecar({ pass: createPass() }), siteOf([app]))
    stops.push(stop)
    const { body } = await send('GET', '/', undefined, { 'x-spiffe-id': 'spiffe://hop.lab/gateway' })
    expect(body.headers['x-spiffe-id']).toBeUndefined()
  })

  it('says so while the application is not known', async () => {
    const { send, stop } = await play(createSidecar({ pass: createPass() }), siteOf([await callee('payments')]))
    stops.push(stop)
    expect(await send('GET', '/')).toMatchObject({ status: 503, body: { failure: 'no-app' } })
  })
})
