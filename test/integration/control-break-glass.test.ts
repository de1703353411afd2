import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import type { AuditEntry } from '../../services/control/state/audit.ts'
import { connectAll, type FakeWorkload, operatorOf, startControl, temporaryDirectory } from './control-support.ts'

describe('break-glass', () => {
  let directory: ReturnType<typeof temporaryDirectory>
  let control: Control
  let shop: Record<string, FakeWorkload>
  let operator: ReturnType<typeof operatorOf>

  beforeEach(async () => {
    directory = temporaryDirectory()
    control = await startControl(directory.path, { initialMode: 'mtls', ackTimeoutMs: 1000 })
    shop = await connectAll(control)
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
  })
  afterEach(async () => {
    for (const workload of Object.values(shop)) workload.close()
    await control.close()
    directory.remove()
  })

  const wish = { link: 'orders:payments', forS: 60, reason: 'the certificate of payments ran out' }
  const begin = (more: object = {}) => operator('POST', '/api/break-glass', { ...wish, ...more })
  const end = () => operator('POST', '/api/break-glass/end', {})
  const state = async () => (await operator('GET', '/api/state')).json
  const entries = async (): Promise<AuditEntry[]> =>
    (await operator('GET', '/api/audit')).json.filter(({ action }: AuditEntry) => action.startsWith('break-glass'))
  const last = (name: string) => shop[name]!.seen.at(-1)!
  const wayOf = (name: string) => last(name).upstreams.find(({ link }) => link === wish.link)?.transport

  it('relaxes the link, says so, shows it with the time left, and has it on the record with its reason', async () => {
    const { status, json } = await begin()
    expect(status).toBe(200)
    expect(json).toMatchObject({
      ...{ link: wish.link, transport: 'plaintext', reason: wish.reason, acknowledged: true },
    })
    expect(json.until - json.at).toBe(60_000)
    expect(wayOf('orders')).toBe('plaintext')
    expect(last('payments').accepts).toEqual(['mtls', 'plaintext'])
    const { breakGlass } = await state()
    expect(breakGlass).toMatchObject({ id: json.id, link: wish.link })
    expect(breakGlass.leftMs).toBeGreaterThan(50_000)
    expect(await entries()).toMatchObject([
      { who: 'operator', action: 'break-glass', target: wish.link, detail: { id: json.id, reason: wish.reason } },
    ])
  })

  it('tells the callee first: the caller moves when the callee takes what it will send', async () => {
    const order: string[] = []
    for (const name of ['orders', 'payments'])
      shop[name]!.answerWith(({ version }) => {
        order.push(name)
        return [{ version, ok: true, drained: true }]
      })
    await begin()
    expect(order).toEqual(['payments', 'orders'])
    order.length = 0
    await end()
    expect(order).toEqual(['orders', 'payments'])
  })

  it('tells nobody else anything', async () => {
    const before = Object.fromEntries(Object.keys(shop).map(name => [name, last(name).version]))
    await begin()
    await end()
    for (const name of Object.keys(shop).filter(each => !['orders', 'payments'].includes(each)))
      expect([name, last(name).version]).toEqual([name, before[name]])
  })

  it('one link at a time: a second is refused and named, and can be had when the first has ended', async () => {
    await begin()
    const refused = await begin({ link: 'orders:inventory' })
    expect([refused.status, refused.json.code]).toEqual([409, 'break-glass-active'])
    expect(refused.json.found).toContain('orders:payments')
    await end()
    expect((await begin({ link: 'orders:inventory' })).status).toBe(200)
    expect((await entries()).map(({ target }) => target)).toEqual([
      ...['orders:payments', 'orders:payments', 'orders:inventory'],
    ])
  })

  it('ended by the operator, everybody goes back and the record says by whom', async () => {
    const { json } = await begin()
    expect((await end()).status).toBe(200)
    expect([wayOf('orders'), last('payments').accepts, last('payments').relaxed]).toEqual(['mtls', ['mtls'], undefined])
    expect((await state()).breakGlass).toBeNull()
    expect((await entries()).at(-1)).toMatchObject({ who: 'operator', detail: { id: json.id, by: 'operator' } })
    const again = await end()
    expect([again.status, again.json.code]).toEqual([409, 'no-break-glass'])
  })

  it('ends by itself, and the record says so', async () => {
    await begin({ forS: 1 })
    await shop.payments!.told(({ relaxed, accepts }) => relaxed !== undefined && accepts.includes('plaintext'))
    while (last('payments').relaxed) await once(shop.payments!.events, 'desired')
    expect([wayOf('orders'), last('payments').accepts]).toEqual(['mtls', ['mtls']])
    expect((await entries()).at(-1)).toMatchObject({ who: 'control', detail: { by: 'itself' } })
  })

  it.each([
    ['no reason', { reason: undefined }, 'body-invalid', 'reason'],
    ['a blank reason', { reason: '  ' }, 'body-invalid', 'reason'],
    ['no end', { forS: undefined }, 'body-invalid', 'forS'],
    ['too late an end', { forS: 3601 }, 'body-invalid', 'forS'],
    ['an end at once', { forS: 0 }, 'body-invalid', 'forS'],
    ['a stronger transport', { transport: 'mtls' }, 'body-invalid', 'transport'],
    ['an unknown link', { link: 'orders:nobody' }, 'link-unknown', 'link'],
    ['the public’s link', { link: 'client:edge' }, 'break-glass-link', 'link'],
  ])('with %s it is refused, and nobody is told anything', async (_, more, code, field) => {
    const before = last('payments').version
    const { json } = await begin(more)
    expect([json.code, json.field]).toEqual([code, field])
    expect(last('payments').version).toBe(before)
    expect((await state()).breakGlass).toBeNull()
  })

  it('a link that no request takes in this mode is refused', async () => {
    await operator('PUT', '/api/mode', { mode: 'passthrough' })
    const { json } = await begin({ link: 'edge:gateway' })
    expect(json.code).toBe('break-glass-link')
    expect(json.expected).toBe('one of orders:payments, orders:inventory, orders:shipping')
  })

  it('what is not weaker than the present transport is refused', async () => {
    await operator('PUT', '/api/mode', { mode: 're-encrypt' })
    const { json } = await begin({ transport: 'tls' })
    expect([json.code, json.expected]).toEqual([
      'break-glass-not-weaker',
      'something weaker than tls, which this link goes by',
    ])
  })

  it('is refused during a rollout, and keeps one from beginning', async () => {
    await operator('PUT', '/api/mode', { mode: 'hybrid', stopAt: 'widen' })
    const refused = await begin()
    expect([refused.status, refused.json.code]).toEqual([409, 'rollout-in-progress'])
    await operator('POST', '/api/rollout/rollback')
    await begin()
    const { json } = await operator('PUT', '/api/mode', { mode: 'hybrid' })
    expect(json.code ?? json.problem?.code).toBe('break-glass-active')
    expect((await operator('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toMatchObject({
      done: true,
      mode: 'mtls',
    })
  })

  it('is refused during a rotation, and keeps one from beginning', async () => {
    await operator('POST', '/api/rotation', { what: 'intermediate', stopAt: 'trust' })
    const refused = await begin()
    expect([refused.status, refused.json.code]).toEqual([409, 'rotation-in-progress'])
    await operator('POST', '/api/rotation/back', {})
    await begin()
    const { json } = await operator('POST', '/api/rotation', { what: 'intermediate' })
    expect(json.code ?? json.problem?.code).toBe('break-glass-active')
  })

  it('an end that does not answer keeps the other waiting for a moment only, and is told of', async () => {
    shop.payments!.answerWith(() => [])
    const { json } = await begin()
    expect(json.acknowledged).toBe(false)
    expect(wayOf('orders')).toBe('plaintext')
  })

  it('after a restart it goes on until its time, and what is over is ended at once', async () => {
    const { json } = await begin({ forS: 600 })
    await control.close()
    let now = json.at + 5000
    control = await startControl(directory.path, { initialMode: 'mtls', clock: () => now })
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
    expect((await state()).breakGlass).toMatchObject({ id: json.id, leftMs: 595_000 })
    await control.close()
    now = json.until + 2000
    control = await startControl(directory.path, { initialMode: 'mtls', clock: () => now })
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
    expect((await state()).breakGlass).toBeNull()
    expect((await entries()).map(({ action, detail }) => [action, detail.by ?? detail.reason])).toEqual([
      ['break-glass', wish.reason],
      ['break-glass-end', 'itself'],
    ])
  })
})
