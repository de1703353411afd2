import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

let directory: ReturnType<typeof temporaryDirectory>
let control: Control
let shop: Record<string, FakeWorkload>
let operator: ReturnType<typeof operatorOf>

const open = (ackTimeoutMs: number) => async () => {
  directory = temporaryDirectory()
  control = await startControl(directory.path, { ackTimeoutMs })
  shop = await connectAll(control)
  operator = operatorOf(control.operatorAddress(), control.operatorToken)
}
const close = async () => {
  for (const workload of Object.values(shop)) workload.close()
  await control.close()
  directory.remove()
}

describe('a rollout that meets trouble', () => {
  afterEach(close)

  const yes = ({ version }: { version: number }) => [{ version, ok: true, drained: true }]
  const state = async () => (await operator('GET', '/api/state')).json
  const from = 'edge-terminate-plaintext'

  describe('with patience', () => {
    beforeEach(open(10_000))

    it('stops at widen when asked to, and goes on later', async () => {
      expect((await operator('PUT', '/api/mode', { mode: 'mtls', stopAt: 'widen' })).lines.at(-1)).toEqual({
        done: true,
        mode: from,
        heldAt: 'widen',
      })
      expect(shop.payments!.seen.at(-1)!.accepts).toEqual(['plaintext', 'mtls'])
      expect(shop.orders!.seen.at(-1)!.upstreams.map(({ transport }) => transport)).toEqual([
        'plaintext',
        'plaintext',
        'plaintext',
      ])
      expect((await operator('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
      expect(shop.payments!.seen.at(-1)!.accepts).toEqual(['mtls'])
    })

    it('passes on why a workload refused, and tells it again next time', async () => {
      shop.payments!.answerWith(({ version }) => [{ version, ok: false, drained: false, error: 'no certificate yet' }])
      const { lines } = await operator('PUT', '/api/mode', { mode: 'mtls' })
      expect(lines.at(-1).problem).toMatchObject({ code: 'rollout-refused', found: 'payments: no certificate yet' })
      shop.payments!.answerWith(yes)
      expect((await operator('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
    })

    it('refuses another destination while one is under way', async () => {
      await operator('PUT', '/api/mode', { mode: 'mtls', stopAt: 'widen' })
      const { status, json } = await operator('PUT', '/api/mode', { mode: 'hybrid' })
      expect([status, json.code]).toEqual([409, 'rollout-in-progress'])
    })

    it.each(['widen', 'move'] as const)('rolls back from %s', async stopAt => {
      await operator('PUT', '/api/mode', { mode: 'passthrough', stopAt })
      expect((await operator('POST', '/api/rollout/rollback')).lines.at(-1)).toEqual({ done: true, mode: from })
      expect(await state()).toMatchObject({ mode: from, rollout: null, settled: true })
      expect(shop.orders!.seen.at(-1)!.accepts).toEqual(['plaintext'])
      expect(shop.edge!.seen.at(-1)!.splices).toEqual([])
    })

    it('rolls back while somebody waits for it, who is told', async () => {
      shop.inventory!.answerWith(desired => (desired.accepts.length === 2 ? [] : yes(desired)))
      const told = once(shop.inventory!.events, 'desired')
      const switching = operator('PUT', '/api/mode', { mode: 'mtls' })
      await told
      const back = operator('POST', '/api/rollout/rollback')
      expect((await switching).lines.at(-1).problem.code).toBe('rollout-rolled-back')
      expect((await back).lines.at(-1)).toEqual({ done: true, mode: from })
    })
  })

  describe('that nobody waits for long', () => {
    beforeEach(open(1000))

    it('names who did not acknowledge, stays there, and goes on when asked again', async () => {
      shop.inventory!.answerWith(() => [])
      const { lines } = await operator('PUT', '/api/mode', { mode: 'mtls' })
      expect(lines.at(-1)).toMatchObject({
        done: false,
        problem: { code: 'rollout-timeout', field: 'step widen', found: 'none from inventory' },
      })
      expect((await state()).rollout).toMatchObject({ to: 'mtls', step: 'widen', reached: false })
      shop.inventory!.answerWith(yes)
      await shop.inventory!.call('/v1/ack', yes(shop.inventory!.seen.at(-1)!)[0])
      expect((await operator('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
    })

    it('names who is not connected', async () => {
      const gone = once(shop.inventory!.events, 'ended')
      shop.inventory!.close()
      await gone
      const { lines } = await operator('PUT', '/api/mode', { mode: 'mtls' })
      expect(lines.at(-1).problem.found).toBe('none from inventory (not connected)')
    })

    it('waits at move until old connections are drained', async () => {
      shop.orders!.answerWith(({ version }) => [{ version, ok: true, drained: false }])
      const { lines } = await operator('PUT', '/api/mode', { mode: 'mtls' })
      expect(lines.at(-1).problem).toMatchObject({ field: 'step move', found: 'none from orders (still draining)' })
    })

    it('rolls back from a narrow that somebody did not acknowledge', async () => {
      shop.shipping!.answerWith(desired =>
        desired.accepts.length === 1 && desired.accepts[0] === 'mtls' ? [] : yes(desired),
      )
      expect((await operator('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1).problem.field).toBe('step narrow')
      expect((await operator('POST', '/api/rollout/rollback')).lines.at(-1)).toEqual({ done: true, mode: from })
    })

    it('a rollback that failed goes on going back when asked for again', async () => {
      await operator('PUT', '/api/mode', { mode: 'mtls', stopAt: 'move' })
      shop.inventory!.answerWith(() => [])
      expect((await operator('POST', '/api/rollout/rollback')).lines.at(-1).problem.code).toBe('rollout-timeout')
      shop.inventory!.answerWith(yes)
      await shop.inventory!.call('/v1/ack', yes(shop.inventory!.seen.at(-1)!)[0])
      expect((await operator('POST', '/api/rollout/rollback')).lines.at(-1)).toEqual({ done: true, mode: from })
    })
  })
})

describe('what is asked for wrongly', () => {
  beforeAll(open(10_000))
  afterAll(close)

  it.each([
    ['PUT', '/api/mode', { mode: 'quantum' }, 400, 'mode-unknown', 'mode'],
    ['PUT', '/api/mode', { mode: 'mtls', stopAt: 'narrow' }, 400, 'body-invalid', 'stopAt'],
    ['PUT', '/api/mode', { mode: 'mtls', force: true }, 400, 'body-invalid', 'force'],
    ['PUT', '/api/mode', {}, 400, 'body-invalid', 'mode'],
    ['PUT', '/api/routes', { 'a:b': { host: '127.0.0.1', port: 1 } }, 404, 'link-unknown', 'link'],
    [
      'PUT',
      '/api/routes',
      { 'orders:payments': { host: '127.0.0.1', port: 70_000 } },
      400,
      'body-invalid',
      'orders:payments.port',
    ],
    [
      'PUT',
      '/api/routes',
      { 'orders:payments': { host: 'a\r\nb', port: 1 } },
      400,
      'body-invalid',
      'orders:payments.host',
    ],
    ['PUT', '/api/links/nobody:nowhere/verify', { verify: false }, 404, 'link-unknown', 'link'],
    ['PUT', '/api/workloads/__proto__/debug', { keyLog: true }, 404, 'workload-unknown', 'workload'],
    ['GET', '/api/workloads/mallory/report', undefined, 404, 'workload-unknown', 'workload'],
    ['GET', '/api/audit?since=-1', undefined, 400, 'body-invalid', 'since'],
    ['POST', '/api/revoke', { serial: 'FF', reason: 'superseded' }, 404, 'nothing-to-revoke', 'serial'],
    ['POST', '/api/revoke', { serial: 'FF', reason: 'because' }, 400, 'body-invalid', 'reason'],
    ['POST', '/api/revoke', { reason: 'superseded' }, 400, 'body-invalid', 'serial'],
    ['POST', '/api/workloads/payments/reenrol', {}, 409, 'reenrol-by-hand', 'workload'],
    ['POST', '/api/join-tokens', { workload: 'mallory', reason: 'x' }, 404, 'workload-unknown', 'workload'],
    ['POST', '/api/rollout/rollback', undefined, 409, 'no-rollout', 'rollout'],
    ['GET', '/api/nothing', undefined, 404, 'not-found', 'request'],
  ])('answers %s %s %j with a problem that names the field', async (method, path, body, status, code, field) => {
    const answer = await operator(method, path, body)
    expect([answer.status, answer.json.code, answer.json.field]).toEqual([status, code, field])
  })
})
