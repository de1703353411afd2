import { afterEach, expect, test } from 'vitest'
import { openPolicy, packed } from './pack.ts'

const attack = '/orders/1?note=%3Cscript%3E'
let pack: Awaited<ReturnType<typeof packed>>
afterEach(() => pack.stop())

test('without a policy there is no pack; from the next request on there is, and then not again', async () => {
  pack = await packed()
  expect((await pack.send('GET', attack)).status).toBe(200)
  expect(pack.counted()).toBeUndefined()
  pack.mount({ ...openPolicy, waf: true })
  expect(await pack.send('GET', attack)).toMatchObject({ status: 403, body: { failure: 'filtered' } })
  expect(pack.counted()).toBeDefined()
  pack.mount(undefined)
  expect((await pack.send('GET', attack)).status).toBe(200)
})

test('a refusal is a problem with the headers of the place; a request that is let through keeps its body and its target', async () => {
  pack = await packed({
    policy: { waf: true, rate: null, tokens: null },
    refusalHeaders: ['strict-transport-security', 'max-age=1'],
  })
  const refused = await pack.raw(attack, [])
  expect(refused.head).toMatch(
    /^HTTP\/1.1 403[\s\S]*application\/problem\+json[\s\S]*strict-transport-security: max-age=1/,
  )
  const target = '/orders/1?q=%C3%A4&a=b'
  expect((await pack.raw(target, [], 'some body')).body).toMatchObject({ url: target, body: 'some body' })
  expect((await pack.send('POST', '/orders', 'x'.repeat(200_000))).body.body).toHaveLength(200_000)
})

test("a target that Fastify's router cannot decode is checked and passed on like any other", async () => {
  pack = await packed({ policy: { ...openPolicy, waf: true } })
  expect((await pack.raw('/orders/%80', [])).body).toMatchObject({ url: '/orders/%80' })
  expect((await pack.raw('/orders/%80?q=%3Cscript%3E', [])).body).toMatchObject({ failure: 'filtered' })
  expect((await pack.raw(`/orders/${'x'.repeat(3000)}`, [])).status).toBe(200)
})

test.each(['Accept-Version: 9', 'Host-Version: 1', 'X-HTTP-Method-Override: TRACE'])(
  '%s changes nothing for the pack',
  async line => {
    pack = await packed({ policy: { ...openPolicy, waf: true } })
    expect((await pack.raw('/orders/1', [line])).status).toBe(200)
    expect((await pack.raw(attack, [line])).status).toBe(403)
  },
)

test('a client is limited at the rate in force, told when to come again, and another rate begins afresh', async () => {
  const rate = { perSecond: 0.001, burst: 2 }
  pack = await packed({ policy: { ...openPolicy, rate } })
  const statuses = async (n: number) => {
    const all: number[] = []
    for (let i = 0; i < n; i++) all.push((await pack.send('GET', '/orders/1')).status)
    return all
  }
  expect(await statuses(4)).toEqual([200, 200, 429, 429])
  expect((await pack.raw('/orders/1', [])).head).toMatch(/\r\nretry-after: 1000\r\n/)
  pack.mount({ ...openPolicy, rate: { ...rate } })
  expect(await statuses(1)).toEqual([429])
  pack.mount({ ...openPolicy, rate: { perSecond: 0.001, burst: 1 } })
  expect(await statuses(2)).toEqual([200, 429])
  pack.mount(openPolicy)
  expect(await statuses(3)).toEqual([200, 200, 200])
})

test('a check that takes its time is waited for, body unread; one that breaks refuses', async () => {
  const answers = [undefined, { status: 401, name: 'token-missing', detail: 'no token' }, new Error('broken')]
  pack = await packed({
    policy: openPolicy,
    checks: () => [
      async () => {
        await new Promise(setImmediate)
        const next = answers.shift()
        if (next instanceof Error) throw next
        return next
      },
    ],
  })
  expect((await pack.send('POST', '/orders', 'a body')).body).toMatchObject({ body: 'a body' })
  expect(await pack.send('POST', '/orders', 'a body')).toMatchObject({
    status: 401,
    body: { failure: 'token-missing' },
  })
  expect(await pack.send('GET', '/orders/1')).toMatchObject({ status: 500, body: { failure: 'internal-error' } })
})

test('a check that throws refuses too, behind one that was waited for as well', async () => {
  const throws = () => {
    throw new Error('broken')
  }
  pack = await packed({ policy: openPolicy, checks: () => [async () => undefined, throws] })
  expect(await pack.send('GET', '/orders/1')).toMatchObject({ status: 500, body: { failure: 'internal-error' } })
  expect(pack.counted()?.routes[0]?.refused).toEqual({ 'internal-error': 1 })
})

test('what it refuses is counted under the pattern that allowed it, never under the path', async () => {
  const rule = { link: 'a:b', from: 'anyone', transports: [], methods: ['GET'], paths: ['/orders', '/orders/*'] }
  pack = await packed({ policy: { ...openPolicy, waf: true }, context: { rule } })
  await pack.send('GET', attack)
  await pack.send('GET', '/orders/2?note=%3Cscript%3E')
  expect(pack.counted()?.routes).toMatchObject([{ route: 'GET /orders/*', refused: { filtered: 2 } }])
})
