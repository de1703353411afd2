import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Desired } from '../../services/chassis/desired.ts'
import type { Observations, RequestRecord } from '../../services/chassis/observation.ts'
import {
  createFakeWorkload,
  type FakeWorkload,
  type Json,
  operatorOf,
  type Site,
  temporaryDirectory,
  workloads,
} from '../integration/control-support.ts'

const plaintext = 'edge-terminate-plaintext'
let directory: ReturnType<typeof temporaryDirectory>
let child: ChildProcess | undefined
let site: Site
let ask: ReturnType<typeof operatorOf>
let shop: Record<string, FakeWorkload>

const start = async () => {
  child = spawn(process.execPath, ['test/integration/control-process.ts', directory.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: child.stdout! }), 'line')
  const said = JSON.parse(line)
  ask = operatorOf(said.operator, said.operatorToken)
  return said
}

const kill = async () => {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Kills it and starts it again; everybody comes back. */
const restart = async () => {
  const ended = Promise.all(Object.values(shop).map(({ events }) => once(events, 'ended')))
  await kill()
  await ended
  site.address = (await start()).workload
  const before = (await ask('GET', '/api/state')).json
  await Promise.all(Object.values(shop).map(workload => workload.connect()))
  return before
}

const nothing = (workload: string): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], held: [], cursor: 0 },
})
const request = (more: Partial<RequestRecord>): RequestRecord => ({
  ...{ cursor: 1, at: new Date().toISOString(), requestId: 'r', traceId: 't', spanId: 's', method: 'POST' },
  ...{ path: '/charges', status: 201, durationMs: 1, connection: 'c', callerBy: 'header', ...more },
})
const calledByAStranger: Observations = {
  ...nothing('payments'),
  connections: [
    {
      cursor: 1,
      id: 'c',
      side: 'server',
      at: new Date().toISOString(),
      transport: 'plaintext',
      remoteAddress: '127.9.9.9',
    },
  ],
  requests: [request({ rule: 'orders:payments', caller: 'spiffe://hop.lab/orders' })],
}
const yes = ({ version }: Desired) => [{ version, ok: true, drained: true }]
const transportsOf = ({ upstreams }: Desired) => new Set(upstreams.map(({ transport }) => transport))
const state = async () => (await ask('GET', '/api/state')).json
const until = async (holds: () => Promise<unknown>) => {
  while (!(await holds())) await new Promise(setImmediate)
}
const audited = async (is: (entry: Json) => boolean) => (await ask('GET', '/api/audit')).json.find(is)

beforeEach(async () => {
  directory = temporaryDirectory()
  const said = await start()
  site = { address: said.workload, bootstrap: said.bootstrap }
  shop = Object.fromEntries(workloads.map(name => [name, createFakeWorkload(site, name)]))
  for (const workload of Object.values(shop)) {
    workload.observe(nothing(workload.name))
    await workload.enrol(said.tokens[workload.name])
  }
  await Promise.all(Object.values(shop).map(workload => workload.connect()))
})
afterEach(async () => {
  for (const workload of Object.values(shop)) workload.close()
  await kill()
  directory.remove()
})

test('held for a caller, it is held after a restart too; asked again it looks again', async () => {
  shop.payments!.observe(calledByAStranger)
  const guard = { observeMs: 10 }
  expect((await ask('PUT', '/api/mode', { mode: 'mtls', guard })).lines.at(-1).problem).toMatchObject({
    code: 'rollout-callers-remain',
    found: expect.stringContaining('127.9.9.9'),
  })
  const { rollout } = await restart()
  expect(rollout).toMatchObject({ to: 'mtls', step: 'move', reached: true, guard: { observeMs: 10, errorRate: 0.02 } })
  expect((await state()).settled).toBe(true)
  expect((await ask('PUT', '/api/mode', { mode: 'mtls', guard })).lines.at(-1).problem.code).toBe(
    'rollout-callers-remain',
  )
  shop.payments!.observe(nothing('payments'))
  expect((await ask('PUT', '/api/mode', { mode: 'mtls', guard })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
})

test('killed under way, its guard goes on after the restart, and leaves a trace of what it found', async () => {
  shop.payments!.observe(calledByAStranger)
  let moving = () => {}
  const moves = new Promise<void>(resolve => {
    moving = resolve
  })
  shop.orders!.answerWith(desired => {
    if (!transportsOf(desired).has('mtls')) return yes(desired)
    moving()
    return []
  })
  const asked = ask('PUT', '/api/mode', { mode: 'mtls', guard: { observeMs: 10 } }).catch(() => {})
  await moves
  shop.orders!.answerWith(yes)
  expect((await restart()).rollout).toMatchObject({ step: 'move', reached: false })
  await asked
  await until(() => audited(({ who, result }) => who === 'control' && result === 'rollout-callers-remain'))
  expect(await state()).toMatchObject({ mode: plaintext, rollout: { step: 'move', reached: true, stopAt: 'move' } })
  expect(shop.payments!.seen.at(-1)!.accepts).toEqual(['plaintext', 'mtls'])
  expect(
    await audited(({ who, action, result }) => who === 'operator' && action === 'rollout' && result === 'begun'),
  ).toBeTruthy()
})

test('a canary is still one after a restart', async () => {
  await ask('PUT', '/api/mode', { mode: 'mtls', canary: ['payments'] })
  expect((await restart()).rollout).toMatchObject({ canary: ['payments'], step: 'move', reached: true })
  const transport = (callee: string) =>
    shop.orders!.seen.at(-1)!.upstreams.find(upstream => upstream.callee === callee)?.transport
  expect([transport('payments'), transport('inventory')]).toEqual(['mtls', 'plaintext'])
  expect((await ask('PUT', '/api/mode', { mode: 'mtls' })).lines.at(-1)).toEqual({ done: true, mode: 'mtls' })
})

test('killed while it goes back by itself, it goes on going back', async () => {
  const failed = Array.from({ length: 20 }, (_, i) => request({ cursor: i + 1, status: 502, callerBy: 'nobody' }))
  shop.edge!.observe({ ...nothing('edge'), requests: failed, cursor: 20 })
  let turned = () => {}
  const back = new Promise<void>(resolve => {
    turned = resolve
  })
  let begun = false
  shop.orders!.answerWith(desired => {
    if (desired.accepts.length === 2) begun = true
    if (!begun || desired.accepts.length === 2) return yes(desired)
    turned()
    return []
  })
  const asked = ask('PUT', '/api/mode', { mode: 'mtls', guard: { observeMs: 60_000 } }).catch(() => {})
  await back
  shop.orders!.answerWith(yes)
  expect((await restart()).rollout).toMatchObject({ from: 'mtls', to: plaintext, guard: null })
  await asked
  await until(async () => (await state()).settled)
  expect(await state()).toMatchObject({ mode: plaintext, rollout: null })
  expect(await audited(({ action, detail }) => action === 'rollback' && detail.failed > 0)).toMatchObject({
    who: 'control',
  })
})
