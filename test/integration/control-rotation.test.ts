import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import type { Control } from '../../services/control/control.ts'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let control: Control
let shop: Record<string, FakeWorkload>

const start = async (ackTimeoutMs: number) => {
  directory = temporaryDirectory()
  control = await startControl(directory.path, { ackTimeoutMs })
  shop = await connectAll(control)
}
afterEach(async () => {
  for (const workload of Object.values(shop)) workload.close()
  await control.close()
  directory.remove()
})

const ask = (method: string, path: string, body?: object) =>
  operatorOf(control.operatorAddress(), control.operatorToken)(method, path, body)
const rotate = async (what: string, how: object = {}) => (await ask('POST', '/api/rotation', { what, ...how })).lines
const back = async () => (await ask('POST', '/api/rotation/back', {})).lines
const trust = async () => (await ask('GET', '/api/trust')).json
const issuers = () => new Set(Object.values(shop).map(({ pair }) => authorityKeyId(new X509Certificate(pair()!.cert))))
const audited = async () =>
  (await ask('GET', '/api/audit')).json
    .filter(({ action }: { action: string }) => action.startsWith('rotat'))
    .map(({ action, result, detail }: { action: string; result: string; detail: { step?: string } }) =>
      action === 'rotation-step' ? detail.step : `${action} ${result}`,
    )

describe.each(['root', 'intermediate'])('rotating the %s', what => {
  beforeEach(() => start(30_000))

  it('gives everybody trust in the new, then certificates of it, then takes the old away', async () => {
    const before = await trust()
    const [old] = issuers()
    const lines = await rotate(what)
    expect(lines.filter(({ type }) => type === 'reached').map(({ step }) => step)).toEqual([
      'trust',
      'reissue',
      'distrust',
    ])
    expect(lines.at(-1)).toEqual({ done: true, what })
    const after = await trust()
    expect(after.rotation).toBeNull()
    expect(after.authorities).toHaveLength(3)
    expect(after.authorities.every(({ active }: { active: boolean }) => active)).toBe(true)
    const rootOf = ({ authorities }: typeof after) =>
      authorities.find(({ kind }: { kind: string }) => kind === 'root').id
    expect(rootOf(after) === rootOf(before)).toBe(what === 'intermediate')
    expect(issuers().size).toBe(1)
    expect(issuers().has(old!)).toBe(false)
    for (const { roots } of Object.values(shop)) expect(roots()).toEqual(control.bootstrap)
    expect(await audited()).toEqual(['rotate begun', 'trust', 'reissue', 'distrust', 'rotate ok'])
  })

  it.each(['trust', 'reissue'])('held at %s: goes on when asked again, or back to what it was', async stopAt => {
    const before = await trust()
    expect((await rotate(what, { stopAt })).at(-1)).toEqual({ done: true, what, heldAt: stopAt })
    expect((await trust()).rotation).toMatchObject({ what, step: stopAt, reached: true })
    expect((await back()).at(-1)).toEqual({ done: true, what })
    expect((await trust()).authorities).toEqual(before.authorities)
    expect((await rotate(what, { stopAt })).at(-1)).toMatchObject({ heldAt: stopAt })
    expect((await rotate(what)).at(-1)).toEqual({ done: true, what })
  })

  it.each(['reissue-first', 'distrust-first'])('in the wrong order (%s) it can be ended either way', async careless => {
    const stopAt = careless === 'reissue-first' ? 'reissue' : 'distrust'
    expect((await rotate(what, { careless, stopAt })).at(-1)).toMatchObject({ heldAt: stopAt })
    expect((await rotate(what)).at(-1)).toEqual({ done: true, what })
    expect((await rotate(what, { careless, stopAt })).at(-1)).toMatchObject({ heldAt: stopAt })
    expect((await back()).at(-1)).toEqual({ done: true, what })
    expect((await trust()).authorities).toHaveLength(3)
    expect(issuers().size).toBe(1)
  })
})

/** Asks again as long as it takes: on a busy machine those who do answer may be late too. */
const insist = async (ask: typeof back, enough: (last: Awaited<ReturnType<typeof back>>[number]) => boolean) => {
  for (let left = 20; ; left--) {
    const lines = await ask()
    if (left === 1 || enough(lines.at(-1)!)) return lines
  }
}

describe.each(['root', 'intermediate'])('rotating the %s with little patience', what => {
  beforeEach(() => start(1500))

  it('waits for who has not answered, says who that is, and goes on when asked again', async () => {
    const orders = shop.orders!
    orders.answerTrustWith(() => [])
    expect((await rotate(what)).at(-1)).toMatchObject({
      done: false,
      problem: { code: 'rotation-timeout', found: expect.stringContaining('orders') },
    })
    expect((await trust()).rotation).toMatchObject({ step: 'trust', reached: false })
    orders.answerTrustWith(({ version }) => [{ version, ok: true, drained: true }])
    orders.close()
    await once(orders.events, 'ended')
    await orders.connect()
    expect(
      (
        await insist(
          () => rotate(what),
          ({ done }) => done,
        )
      ).at(-1),
    ).toEqual({ done: true, what })
  })

  it('does not count as over while somebody still has connections that rest on the old', async () => {
    shop.payments!.answerTrustWith(({ version }) => [{ version, ok: true, drained: false }])
    const lines = await insist(
      () => rotate(what),
      ({ problem }) => problem.field === 'step distrust',
    )
    expect(lines.at(-1)).toMatchObject({
      problem: {
        code: 'rotation-timeout',
        field: 'step distrust',
        found: expect.stringContaining('payments (still draining)'),
      },
    })
    shop.payments!.answerTrustWith(({ version }) => [{ version, ok: true, drained: true }])
    expect((await insist(back, ({ done }) => done)).at(-1)).toEqual({ done: true, what })
  })
})

it('a certificate of a CA that was given up opens nothing here any more, on a connection that is kept neither', async () => {
  await start(30_000)
  const { orders } = shop
  const pair = orders!.pair()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async () => {
    const { csr } = orders!.csr()
    const options = { ...control.workloadAddress(), ...pair, agent, method: 'POST', path: '/v1/renew' }
    const headers = { 'content-type': 'application/json' }
    const asked = request({ ...options, headers, rejectUnauthorized: false }).end(JSON.stringify({ csr }))
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return { kept: asked.reusedSocket, said: JSON.parse((await answer.toArray()).join('')) }
  }
  expect((await ask()).said.chain).toContain('CERTIFICATE')
  expect((await rotate('intermediate')).at(-1)).toMatchObject({ done: true })
  expect(await ask()).toMatchObject({ kept: true, said: { code: 'peer-refused', found: 'distrusted' } })
  agent.destroy()
  expect((await orders!.call('/v1/renew', { csr: orders!.csr().csr })).status).toBe(200)
  orders!.usePair(pair)
  expect((await orders!.call('/v1/renew', { csr: orders!.csr().csr })).json).toMatchObject({ code: 'peer-refused' })
})

it('a rotation, a rollout, and lists that are not made stand in each other’s way', async () => {
  await start(30_000)
  await rotate('root', { stopAt: 'trust' })
  expect((await ask('PUT', '/api/mode', { mode: 'mtls' })).json).toMatchObject({ code: 'rotation-in-progress' })
  expect((await ask('POST', '/api/rotation', { what: 'intermediate' })).json).toMatchObject({
    code: 'rotation-in-progress',
  })
  await back()
  await ask('PUT', '/api/mode', { mode: 'mtls', stopAt: 'widen' })
  expect((await ask('POST', '/api/rotation', { what: 'root' })).json).toMatchObject({ code: 'rollout-in-progress' })
  await ask('POST', '/api/rollout/rollback')
  await ask('PUT', '/api/switches/revocation', { value: { lists: 'withheld', failure: 'hard-fail' } })
  expect((await ask('POST', '/api/rotation', { what: 'root' })).json).toMatchObject({ code: 'rotation-lists' })
  expect((await ask('POST', '/api/rotation/back', {})).json).toMatchObject({ code: 'no-rotation' })
})
