import { afterEach, beforeEach, expect, test } from 'vitest'
import { modes } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'
import { addressOf, auditOf, callInPlaintext, rollOut, startHttpOnly, stateOf } from './guarded-rollout-support.ts'

const plaintext = 'edge-terminate-plaintext'
let lab: TestLab
let client: Awaited<ReturnType<typeof createPublicClient>>
const loads: ReturnType<typeof startLoad>[] = []
/** Load that ends with the test, however that ends. */
const begin = (workers?: number) => {
  const load = startLoad(client, workers)
  loads.push(load)
  return load
}
beforeEach(async () => {
  lab = await startTestLab()
  client = await createPublicClient(lab)
})
afterEach(async () => {
  await Promise.all(loads.splice(0).map(load => load.stop()))
  await client.close()
  await lab.close()
})

test('guarded rollouts through all modes and back lose no request under load', async () => {
  const load = begin()
  for (const mode of [...modes.slice(1), ...modes.toReversed().slice(1)]) {
    expect((await rollOut(lab, mode)).at(-1)).toEqual({ done: true, mode })
    await load.more(10)
  }
  const { answered, lost } = await load.stop()
  expect(lost).toEqual([])
  expect(answered).toBeGreaterThan(100)
})

test('a caller that nobody moves keeps the rollout from narrowing, by name; once it is gone the rollout goes on', async () => {
  const load = begin(4)
  const payments = await addressOf(lab, 'payments')
  const calling = new AbortController()
  const served: number[] = []
  const caller = (async () => {
    while (!calling.signal.aborted) served.push(await callInPlaintext(payments))
  })()
  try {
    const refused = (await rollOut(lab, 'mtls')).at(-1)
    expect(refused).toMatchObject({
      done: false,
      problem: { code: 'rollout-callers-remain', field: 'step narrow', status: 409 },
    })
    expect(refused.problem.found).toMatch(
      /^127\.77\.0\.9 as spiffe:\/\/hop\.lab\/orders to payments by plaintext \(\d+×/,
    )
    expect(await stateOf(lab)).toMatchObject({
      ...{ mode: plaintext, rollout: { step: 'move', reached: true }, settled: true },
    })
    expect((await rollOut(lab, 'mtls')).at(-1).problem.code).toBe('rollout-callers-remain')
  } finally {
    calling.abort()
    await caller
  }
  expect(new Set(served)).toEqual(new Set([201]))
  expect((await rollOut(lab, 'mtls')).at(-1)).toEqual({ done: true, mode: 'mtls' })
  await expect(callInPlaintext(payments)).resolves.toBe(426)
  expect((await load.stop()).lost).toEqual([])
})

test('the quick way narrows without looking, and the operator is on record for it', async () => {
  const payments = await addressOf(lab, 'payments')
  await rollOut(lab, 'mtls', { stopAt: 'move' })
  await callInPlaintext(payments)
  expect(((await operator(lab, 'PUT', '/api/mode', { mode: 'mtls' })) as object[]).at(-1)).toMatchObject({ done: true })
  const said = (await auditOf(lab)).filter(({ action }) => action === 'mode' || action === 'rollout')
  expect(said.map(({ who, action, result }) => [who, action, result])).toEqual([
    ['operator', 'rollout', 'begun'],
    ['operator', 'rollout', 'ok'],
    ['operator', 'mode', 'begun'],
    ['operator', 'mode', 'ok'],
  ])
})

test('too many errors on the new way roll it back by itself; the asker and the audit get the figures', async () => {
  const box = await startHttpOnly(await addressOf(lab, 'payments'))
  const { routes, load } = { routes: lab.access.wire!, load: begin(4) }
  try {
    const redirected = await fetch(`${routes}/wire/orders%3Apayments/redirect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${lab.access.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(box.address),
    })
    expect(redirected.status).toBe(200)
    await load.more(20)
    expect(load.tally.lost).toEqual([])
    const lines = await rollOut(lab, 'mtls', { guard: { observeMs: 20_000, errorRate: 0.02, atLeast: 10 } })
    expect(lines.at(-1)).toMatchObject({
      done: false,
      problem: {
        code: 'rollout-rolled-back',
        field: 'step move',
        expected: expect.stringMatching(/^at most 2% of (requests|handshakes) failing$/),
      },
    })
    expect(lines.at(-1).problem.found).toMatch(/^[\d.]+% \(\d+ of \d+\), most often [\w-]+ on orders:payments$/)
    expect(await stateOf(lab)).toMatchObject({ mode: plaintext, rollout: null, settled: true })
    const { lost } = load.tally
    const before = lost.length
    await new Promise<void>(resolve => {
      const goal = load.tally.answered + 30
      const look = () => (load.tally.answered >= goal ? resolve() : setImmediate(look))
      look()
    })
    expect(lost.length).toBe(before)
    const own = (await auditOf(lab)).filter(({ who, action }) => who === 'control' && action === 'rollback')
    expect(own.map(({ result }) => result)).toEqual(['begun', 'ok'])
    expect(own[0]).toMatchObject({
      target: plaintext,
      detail: { step: 'move', link: 'orders:payments' },
    })
    expect(own[0].detail.failed / own[0].detail.seen).toBeGreaterThan(0.02)
  } finally {
    await load.stop()
    await box.close()
  }
})

test('a canary takes the new way alone, holds, goes on for all, and can go back', async () => {
  const load = begin(4)
  const hops = async () => {
    const reports = (await operator(lab, 'POST', '/api/reports', { since: { orders: 0 } })) as {
      orders: { connections: { side: string; link: string; transport: string }[] }
    }
    const { connections } = reports.orders
    const last = (link: string) => connections.findLast(each => each.side === 'client' && each.link === link)?.transport
    return ['payments', 'inventory', 'shipping'].map(callee => last(`orders:${callee}`))
  }
  await load.more(10)
  expect((await rollOut(lab, 'mtls', { canary: ['payments'] })).at(-1)).toEqual({
    ...{ done: true, mode: plaintext, heldAt: 'move' },
  })
  await load.more(10)
  expect(await hops()).toEqual(['mtls', 'plaintext', 'plaintext'])
  expect((await rollOut(lab, 'mtls', { canary: ['payments', 'inventory'] })).at(-1)).toMatchObject({ heldAt: 'move' })
  await load.more(10)
  expect(await hops()).toEqual(['mtls', 'mtls', 'plaintext'])
  expect(((await operator(lab, 'POST', '/api/rollout/rollback')) as object[]).at(-1)).toEqual({
    ...{ done: true, mode: plaintext },
  })
  await load.more(10)
  expect(await hops()).toEqual(['plaintext', 'plaintext', 'plaintext'])
  await rollOut(lab, 'mtls', { canary: ['shipping'] })
  expect((await rollOut(lab, 'mtls', { stopAt: 'widen' })).at(-1)).toMatchObject({ heldAt: 'widen' })
  await load.more(10)
  expect(await hops()).toEqual(['plaintext', 'plaintext', 'mtls'])
  expect(((await operator(lab, 'POST', '/api/rollout/rollback')) as object[]).at(-1)).toMatchObject({ mode: plaintext })
  await rollOut(lab, 'mtls', { canary: ['shipping'] })
  expect((await rollOut(lab, 'mtls')).at(-1)).toEqual({ done: true, mode: 'mtls' })
  await load.more(10)
  expect(await hops()).toEqual(['mtls', 'mtls', 'mtls'])
  expect((await load.stop()).lost).toEqual([])
})

test.each([
  ['passthrough', ['payments'], 'in which clients come in another way'],
  ['mtls', ['mallory'], 'mallory'],
  ['mtls', [], 'none'],
  ['mtls', ['edge'], 'edge'],
])('no canary to %s with %j', async (mode, canary, found) => {
  const [refused] = await rollOut(lab, mode, { canary })
  expect(refused).toMatchObject({ code: 'canary-invalid', field: 'canary', found: expect.stringContaining(found) })
  expect(await stateOf(lab)).toMatchObject({ mode: plaintext, rollout: null })
})
