import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { operator, startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
let before: unknown

/** What a refusal must leave as it is. */
const standing = async () => {
  const { mode, rollout, rotation, breakGlass, switched, workloads } = (await operator(lab, 'GET', '/api/state')) as {
    [name: string]: unknown
    workloads: { name: string; connected: boolean; version: number }[]
  }
  const { authorities } = (await operator(lab, 'GET', '/api/trust')) as { authorities: unknown }
  const certificates = (await operator(lab, 'GET', '/api/certificates')) as {
    serial: string
    revokedAt: number | null
  }[]
  const valid = certificates.map(({ serial, revokedAt }) => [serial, revokedAt])
  const versions = workloads.map(({ name, connected, version }) => [name, connected, version])
  return { mode, rollout, rotation, breakGlass, switched, versions, authorities, valid }
}

beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls', wire: false })
  before = await standing()
})
afterAll(() => lab.close())

type Problem = { code?: string; field?: string; expected?: string; found?: string; remedy?: string }

const send = async (method: string, path: string, text: string | undefined, token = lab.access.token) => {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  }
  const asking = request(lab.access.operator + path, { method, headers, agent: false }).end(text)
  const [answer] = await once(asking, 'response')
  let body = ''
  for await (const chunk of answer.setEncoding('utf8')) body += chunk
  expect(body).not.toMatch(/\.ts:\d+|node_modules/)
  return { status: answer.statusCode as number, ...(body === '' ? {} : (JSON.parse(body) as Problem)) }
}

const speaking = [
  ['PUT', '/api/mode', 'mode'],
  ['POST', '/api/rotation', 'what'],
  ['POST', '/api/revoke', 'reason'],
  ['POST', '/api/break-glass', 'link'],
  ['PUT', '/api/switches/renewal', 'value'],
  ['PUT', '/api/switches/clocks', 'value'],
] as const

const silent = [
  '/api/rollout/rollback',
  '/api/rotation/back',
  '/api/break-glass/end',
  '/api/workloads/orders/renew',
  '/api/workloads/orders/reenrol',
  '/api/switches/tls/reset',
  '/api/tokens/rotate',
]

const glass = (more: object) => ({ link: 'orders:payments', forS: 30, reason: 'x', ...more })
const tls = (more: object) => ({
  value: { minVersion: 'TLSv1.3', suites: ['TLS_AES_128_GCM_SHA256'], keyType: 'p256', ...more },
})

it.each(speaking)('%s %s: what is no object of its own is refused', async (method, path, first) => {
  const bodies: [string, number, string, string][] = [
    ['[]', 400, 'body-invalid', 'body'],
    ['null', 400, 'body-invalid', 'body'],
    ['"x"', 400, 'body-invalid', 'body'],
    ['{}', 400, 'body-invalid', first],
    ['{', 400, 'body-malformed', 'body'],
    ['', 400, 'body-malformed', 'body'],
    ['{"__proto__":{}}', 400, 'body-malformed', 'body'],
    ['['.repeat(30_000), 400, 'body-malformed', 'body'],
    [`{"${first}":"${'x'.repeat(70_000)}"}`, 413, 'body-too-large', 'body'],
  ]
  for (const [text, status, code, field] of bodies)
    expect(await send(method, path, text)).toMatchObject({ status, code, field, expected: expect.any(String) })
  expect(await send(method, path, '{}', 'wrong')).toMatchObject({ status: 401, code: 'operator-token' })
  expect(await send('DELETE', path, undefined)).toMatchObject({ status: 405, code: 'method-not-allowed' })
  expect(await send('GET', `${path}/more`, undefined)).toMatchObject({
    status: 404,
    code: 'not-found',
    field: 'request',
  })
})

it.each(silent)('POST %s: whoever says something more is not passed over', async path => {
  expect(await send('POST', path, '{"force":true}')).toMatchObject({
    status: 400,
    code: 'body-invalid',
    field: 'force',
  })
  expect(await send('POST', path, '[]')).toMatchObject({ status: 400, code: 'body-invalid', field: 'body' })
  expect(await send('POST', path, '{"__proto__":1}')).toMatchObject({ status: 400, code: 'body-malformed' })
  expect(await send('POST', path, '{}', 'wrong')).toMatchObject({ status: 401, code: 'operator-token' })
})

it.each<[string, string, unknown, number, string, string, string?]>([
  ['PUT', '/api/mode', { mode: 'mtsl' }, 400, 'mode-unknown', 'mode', 'Did you mean mtls?'],
  ['PUT', '/api/mode', { mode: '__proto__' }, 400, 'mode-unknown', 'mode'],
  ['PUT', '/api/mode', { mode: 'hybrid', guard: [] }, 400, 'body-invalid', 'guard'],
  ['PUT', '/api/mode', { mode: 'hybrid', guard: { errorRate: 2 } }, 400, 'body-invalid', 'guard.errorRate'],
  ['PUT', '/api/mode', { mode: 'hybrid', guard: { observeMs: -1 } }, 400, 'body-invalid', 'guard.observeMs'],
  ['PUT', '/api/mode', { mode: 'hybrid', canary: 'payments' }, 400, 'body-invalid', 'canary'],
  ['PUT', '/api/mode', { mode: 'hybrid', canary: [] }, 400, 'canary-invalid', 'canary'],
  ['PUT', '/api/mode', { mode: 'hybrid', canary: ['nobody'] }, 400, 'canary-invalid', 'canary'],
  ['PUT', '/api/mode', { mode: 'hybrid', stopAt: 'moove' }, 400, 'body-invalid', 'stopAt', 'Did you mean move?'],
  ['POST', '/api/rotation', { what: ['root'] }, 400, 'body-invalid', 'what'],
  ['POST', '/api/rotation', { what: 'roots' }, 400, 'body-invalid', 'what', 'Did you mean root?'],
  ['POST', '/api/rotation', { what: 'root', careless: true }, 400, 'body-invalid', 'careless'],
  ['POST', '/api/rotation', { what: 'root', back: true }, 400, 'body-invalid', 'back'],
  ['POST', '/api/rotation/back', {}, 409, 'no-rotation', 'rotation', 'hop rotate'],
  ['POST', '/api/rollout/rollback', {}, 409, 'no-rollout', 'rollout', 'hop mode'],
  ['POST', '/api/break-glass', glass({ forS: 1.5 }), 400, 'body-invalid', 'forS'],
  ['POST', '/api/break-glass', glass({ forS: '30' }), 400, 'body-invalid', 'forS'],
  ['POST', '/api/break-glass', glass({ reason: 'a\u001b[2J' }), 400, 'body-invalid', 'reason'],
  ['POST', '/api/break-glass', glass({ reason: 'a\u202eb' }), 400, 'body-invalid', 'reason'],
  ['POST', '/api/break-glass', glass({ until: 1 }), 400, 'body-invalid', 'until'],
  [
    'POST',
    '/api/break-glass',
    glass({ link: 'order:payments' }),
    404,
    'link-unknown',
    'link',
    'Did you mean orders:payments?',
  ],
  ['POST', '/api/break-glass', glass({ link: '__proto__' }), 404, 'link-unknown', 'link'],
  ['POST', '/api/break-glass/end', {}, 409, 'no-break-glass', 'link', 'nothing to end'],
  ['POST', '/api/revoke', { reason: 'superseded' }, 400, 'body-invalid', 'serial'],
  ['POST', '/api/revoke', { serial: 'a', id: 'b', reason: 'superseded' }, 400, 'body-invalid', 'serial'],
  ['POST', '/api/revoke', { serials: [], reason: 'superseded' }, 400, 'body-invalid', 'serials'],
  ['POST', '/api/revoke', { serials: [1], reason: 'superseded' }, 400, 'body-invalid', 'serials.0'],
  ['POST', '/api/revoke', { id: 'nobody', reason: 'superseded' }, 404, 'nothing-to-revoke', 'id', 'hop certificates'],
  ['POST', '/api/revoke', { id: 'x', reason: 'supersede' }, 400, 'body-invalid', 'reason', 'Did you mean superseded?'],
  ['POST', '/api/workloads/__proto__/renew', {}, 404, 'workload-unknown', 'workload'],
  ['POST', '/api/workloads/ordres/reenrol', {}, 404, 'workload-unknown', 'workload', 'Did you mean orders?'],
  ['POST', '/api/workloads/..%2fstate/renew', {}, 404, 'workload-unknown', 'workload'],
  ['PUT', '/api/switches/renewal', { value: { ordres: { on: true } } }, 400, 'body-invalid', 'value.ordres', 'orders?'],
  ['PUT', '/api/switches/renewal', { value: { orders: { on: 1 } } }, 400, 'body-invalid', 'value.orders.on'],
  [
    'PUT',
    '/api/switches/renewal',
    { value: { orders: { on: true, lifetimeS: 0 } } },
    400,
    'body-invalid',
    'value.orders.lifetimeS',
  ],
  [
    'PUT',
    '/api/switches/revocation',
    { value: { lists: 'none', failure: 'hard-fail' } },
    400,
    'body-invalid',
    'value.lists',
  ],
  [
    'PUT',
    '/api/switches/revocation',
    { value: { lists: 'renewed', failure: 'soft' } },
    400,
    'body-invalid',
    'value.failure',
  ],
  ['PUT', '/api/switches/trustWithheld', { value: ['orders', 'orders'] }, 400, 'body-invalid', 'value'],
  ['PUT', '/api/switches/trustWithheld', { value: 'orders' }, 400, 'body-invalid', 'value'],
  ['PUT', '/api/switches/tls', tls({ minVersion: 'TLSv1.1' }), 400, 'body-invalid', 'value.minVersion', 'Did you mean'],
  ['PUT', '/api/switches/tls', tls({ suites: [] }), 400, 'body-invalid', 'value.suites'],
  [
    'PUT',
    '/api/switches/tls',
    tls({ suites: Array(2).fill('TLS_AES_128_GCM_SHA256') }),
    400,
    'body-invalid',
    'value.suites',
  ],
  ['PUT', '/api/switches/clocks', { value: { orders: 86_401 } }, 400, 'body-invalid', 'value.orders'],
  ['PUT', '/api/switches/clocks', { value: { orders: null } }, 400, 'body-invalid', 'value.orders'],
])('%s %s %j is refused by its field', async (method, path, body, status, code, field, remedy = '') => {
  const answer = await send(method, path, JSON.stringify(body))
  expect(answer).toMatchObject({ status, code, field, expected: expect.any(String), found: expect.any(String) })
  expect(answer.remedy ?? '').toContain(remedy)
})

it('after all that everything stands as it stood', async () => {
  expect(await standing()).toEqual(before)
})

it('a workload that is away is not said to have renewed, and nobody is told anything', async () => {
  const id = `spiffe://${lab.topology.trustDomain}/orders`
  expect(await operator(lab, 'POST', '/api/revoke', { id, reason: 'superseded' })).toMatchObject({ acknowledged: true })
  const away = await standing()
  expect(await send('POST', '/api/workloads/orders/renew', '{}')).toMatchObject({
    ...{ status: 409, code: 'workload-not-connected', field: 'workload' },
    remedy: expect.stringContaining('hop reenrol'),
  })
  expect(await standing()).toEqual(away)
  expect(await operator(lab, 'POST', '/api/workloads/orders/reenrol')).toMatchObject({ acknowledged: true })
  expect(await operator(lab, 'POST', '/api/workloads/orders/renew')).toEqual({ acknowledged: true })
})

it('a rotation does not go on while no list of the new CA would be given out', async () => {
  await operator(lab, 'POST', '/api/rotation', { what: 'intermediate', stopAt: 'trust' })
  await operator(lab, 'PUT', '/api/switches/revocation', { value: { lists: 'withheld', failure: 'hard-fail' } })
  expect(await send('POST', '/api/rotation', '{"what":"intermediate"}')).toMatchObject({
    ...{ status: 409, code: 'rotation-lists' },
    remedy: expect.stringContaining('hop switch revocation default'),
  })
  expect(await operator(lab, 'GET', '/api/state')).toMatchObject({ rotation: { step: 'trust', reached: true } })
  await operator(lab, 'POST', '/api/switches/revocation/reset')
  await operator(lab, 'POST', '/api/rotation/back')
  expect(await operator(lab, 'GET', '/api/state')).toMatchObject({ rotation: null })
})

it('a canary that is named twice is one canary', async () => {
  const wish = { mode: 'hybrid', guard: { observeMs: 1 }, canary: ['orders', 'orders'] }
  const said = (await operator(lab, 'PUT', '/api/mode', wish)) as object[]
  expect(said.at(-1)).toMatchObject({ done: true, heldAt: 'move' })
  expect(await operator(lab, 'GET', '/api/state')).toMatchObject({ rollout: { canary: ['orders'] } })
  await operator(lab, 'POST', '/api/rollout/rollback')
})
