import { afterEach, expect, test } from 'vitest'
import { createExpiryWatch } from '../../../services/chassis/expiry-watch.ts'
import { createOwnClock } from '../../../services/chassis/own-clock.ts'
import type { Handler } from '../../../services/chassis/program.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { createUpstream } from '../../../services/chassis/upstream.ts'
import { createCleanup, createMesh, dial, idOf, originOf, serve, until } from './mesh.ts'
import { desiredOf, echo, letIn, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const year = 400 * 86_400_000

test('a caller whose certificate has ended gets the answer he waits for, and with it the end; one who hangs on is cut', async () => {
  const waiting: (() => void)[] = []
  const handler: Handler = (request, response, context) => void waiting.push(() => echo(request, response, context))
  const { now: clock, shift } = createOwnClock()
  const desired = desiredOf({ accepts: ['mtls', 'plaintext'], rules: [letIn('anyone')] })
  const orders = cleanup.add(await startWorkload(mesh.credentials('orders'), desired, { handler, clock }))
  const [served, hanging] = [1, 2].map(() => cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls')))
  const plain = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'plaintext'))
  const asked = [served!.ask(), hanging!.ask(), plain.ask()]
  await until(() => waiting.length === 3)
  shift(year)
  // trust has not changed: what makes them leave is the time
  const refreshed = orders.refresh({ trustChanged: false })
  waiting[0]!()
  const both = await Promise.all(asked.slice(0, 2))
  expect(both.map(({ status, failure }) => status ?? failure).sort()).toEqual([200, 'connection-closed'])
  waiting[1]!()
  waiting[2]!()
  expect(await asked[2]).toMatchObject({ status: 200 })
  await refreshed
  expect(await served!.ask()).toMatchObject({ failure: 'connection-closed' })
  expect(orders.observations(0).connections.at(-1)?.failure?.code).toBe('expired-by-own-clock')
})

test('a callee whose certificate has ended is dialled anew for the next request, and cut where it does not answer', async () => {
  const answers: (() => void)[] = []
  const callee = cleanup.add(
    await serve(mesh.credentials('orders'), ['mtls'], {
      onRequest: (_request, response) => void answers.push(() => response.end('{}')),
    }),
  )
  const { now: clock, shift } = createOwnClock()
  const spec = { link: 'gateway:orders', callee: 'orders', transport: 'mtls' as const, address: callee.address }
  const upstream = createUpstream({
    ...{ spec: { ...spec, id: idOf('orders'), verify: true }, credentials: mesh.credentials('gateway') },
    ...{ telemetry: noTelemetry(), clock },
  })
  cleanup.add({ close: upstream.destroy })
  const ask = () => upstream.dispatcher().request({ origin: originOf(spec), method: 'GET', path: '/' })
  const hanging = ask().catch(error => error.code)
  const done = ask()
  await until(() => answers.length === 2)
  answers[1]!()
  await (await done).body.dump()
  shift(year)
  upstream.lookAtExpiry()
  shift(0)
  const next = ask()
  await until(() => answers.length === 3)
  answers[2]!()
  expect((await next).statusCode).toBe(200)
  expect(await hanging).toBe('UND_ERR_SOCKET')
  expect(callee.admitted()).toHaveLength(3)
})

test('a watch fires for the first end, then for the next; never early, and at once for what is past', async () => {
  let time = 1_000
  const ends = [1_500, 1_020, 1_040]
  const expired: number[] = []
  const watch = createExpiryWatch(
    () => time,
    now => {
      for (const end of ends) if (end <= now && !expired.includes(end)) expired.push(end)
      return ends.filter(end => end > now)
    },
  )
  for (const end of ends) watch.until(end)
  time = 1_030
  await until(() => expired.length === 1)
  time = 1_040
  await until(() => expired.length === 2)
  expect(expired).toEqual([1_020, 1_040])
  time = 9_999
  watch.look()
  expect(expired).toEqual([1_020, 1_040, 1_500])
  watch.close()
})
