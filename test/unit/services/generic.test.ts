import { afterEach, describe, expect, it } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import type { Call } from '../../../services/chassis/program.ts'
import { createRoutes } from '../../../services/gateway/routes.ts'
import { generic } from '../../../services/generic/generic.ts'
import { programNames } from '../../../services/program-names.ts'
import { programs } from '../../../services/programs.ts'
import { type Answer, play, siteWith } from './stage.ts'

const link = (callee: string, data: string[], method = 'POST', path = `/${callee}`): Call => ({
  ...{ callee, data, method, path },
  allow: [{ method, path }],
})

const links = [link('lab', ['patient', 'sample']), link('billing', ['card', 'amount'], 'PUT', '/bills/1')]
const echo: Answer = ({ body }) => ({ status: 200, body })

let stop = async () => {}
afterEach(() => stop())

const staged = async (callees: Record<string, Answer>, calls: readonly Call[] = links) => {
  const { site, asked } = siteWith(callees, calls)
  const stage = await play(generic, site)
  stop = stage.stop
  return { ...stage, asked }
}

const body = { patient: 'Ada', sample: 7, card: '4000000000000002', amount: 12.5, note: 'x' }

describe('a generic workload', () => {
  it('calls its links in order, each with the fields it carries, and answers values untouched', async () => {
    const { send, asked } = await staged({ lab: echo, billing: echo })
    const answer = await send('POST', '/anything/at/all', body)
    expect(asked.map(({ callee, request }) => [callee, request])).toEqual([
      ['lab', { method: 'POST', path: '/lab', body: { patient: 'Ada', sample: 7 } }],
      ['billing', { method: 'PUT', path: '/bills/1', body: { card: body.card, amount: 12.5 } }],
    ])
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      workload: 'test',
      received: body,
      calls: {
        lab: { ok: true, status: 200, body: { patient: 'Ada', sample: 7 } },
        billing: { ok: true, status: 200, body: { card: body.card, amount: 12.5 } },
      },
    })
  })

  it('answers 502 when a call fails, names the failure, and still makes the others', async () => {
    const broken: Answer = () => {
      throw new HopError('certificate-expired', { message: 'no' })
    }
    const { send } = await staged({ lab: broken, billing: echo })
    const answer = await send('POST', '/x', body)
    expect(answer.status).toBe(502)
    expect(answer.body.calls.lab).toEqual({ ok: false, status: null, body: null, failure: 'certificate-expired' })
    expect(answer.body.calls.billing.ok).toBe(true)
  })

  it('passes on what a refusing callee said', async () => {
    const { send } = await staged({ lab: () => ({ status: 403, body: { failure: 'denied' } }), billing: echo })
    const { status, body: answer } = await send('POST', '/x', body)
    expect(status).toBe(502)
    expect(answer.calls.lab).toMatchObject({ ok: false, status: 403, body: { failure: 'denied' } })
  })

  it('answers a GET without calling anybody', async () => {
    const { send, asked } = await staged({ lab: echo, billing: echo })
    expect(await send('GET', '/records/1')).toMatchObject({
      status: 200,
      body: { workload: 'test', received: {}, calls: {} },
    })
    expect(asked).toEqual([])
  })

  it('takes a request without a body, refuses one that is no object', async () => {
    const { send } = await staged({}, [])
    expect(await send('POST', '/x')).toMatchObject({ status: 200, body: { received: {} } })
    for (const wrong of ['[1]', '"text"', '7', 'null']) {
      expect(await send('POST', '/x', wrong)).toMatchObject({
        status: 400,
        body: { failure: 'bad-request', field: 'body' },
      })
    }
  })
})

describe('the routes of a gateway', () => {
  const routeOf = createRoutes([
    {
      ...link('orders', []),
      allow: [
        { method: 'POST', path: '/orders' },
        { method: 'GET', path: '/orders/*' },
      ],
    },
    { ...link('files', []), allow: [{ method: 'GET', path: '/*' }] },
  ])

  it.each([
    ['POST', '/orders', 'orders'],
    ['POST', '/orders?x=/y', 'orders'],
    ['GET', '/orders/7?a=b', 'orders'],
    ['GET', '/orders', 'files'],
    ['POST', '/orders/7', undefined],
    ['PUT', '/orders', undefined],
    ['GET', '/orders/../admin', undefined],
  ])('%s %s goes to %s', (method, target, callee) => {
    expect(routeOf({ method, url: target, headers: {} })).toBe(callee)
  })

  it('a link that wants a header comes first, and only for requests that have it', () => {
    const api = link('api', [], 'GET', '/orders/*')
    const routeByHeader = createRoutes([api, { ...api, callee: 'beta', when: { 'x-beta': 'on' } }])
    const calleeFor = (headers: Record<string, string>, method = 'GET') =>
      routeByHeader({ method, url: '/orders/1', headers })
    expect(calleeFor({})).toBe('api')
    expect(calleeFor({ 'x-beta': 'on' })).toBe('beta')
    expect(calleeFor({ 'x-beta': 'off' })).toBe('api')
    expect(calleeFor({ 'x-beta': 'on' }, 'POST')).toBeUndefined()
  })
})

it('every program a topology may name exists, the edge aside', async () => {
  expect(programNames).toContain('generic')
  expect(programNames).not.toContain('sidecar')
  for (const load of [programs.orders, programs.payments, programs.inventory, programs.shipping, programs.generic]) {
    expect(await load()).toBeTypeOf('function')
  }
})
