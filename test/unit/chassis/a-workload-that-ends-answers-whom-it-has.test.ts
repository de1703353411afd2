import { afterEach, expect, test } from 'vitest'
import type { Handler } from '../../../services/chassis/program.ts'
import { createCleanup, createMesh, until } from './mesh.ts'
import { desiredOf, echo, keepAlive, letIn, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const patient = 30_000

/** A workload whose requests to `/slow` wait until they are let go. */
const orders = async () => {
  const waiting: (() => void)[] = []
  const handler: Handler = (request, response, context) => {
    if (request.url !== '/slow') return echo(request, response, context)
    waiting.push(() => echo(request, response, context))
  }
  const workload = await startWorkload(mesh.credentials('orders'), desiredOf({ rules: [letIn('anyone')] }), { handler })
  return { ...cleanup.add(workload), waiting }
}

test('a request under way is answered, and with its answer the connection ends', async () => {
  const workload = await orders()
  const client = await keepAlive(workload.address)
  client.ask({ path: '/slow' })
  await until(() => workload.waiting.length === 1)
  const left = workload.leave(patient)
  workload.waiting[0]!()
  expect(await client.next()).toMatchObject({ status: 200, head: expect.stringMatching(/connection: close/i) })
  await Promise.all([client.closed, left])
})

test('one that comes on a connection kept alive is answered too', async () => {
  const workload = await orders()
  const client = await keepAlive(workload.address)
  client.ask()
  await client.next()
  const left = workload.leave(patient)
  client.ask()
  expect(await client.next()).toMatchObject({ status: 200, head: expect.stringMatching(/connection: close/i) })
  await Promise.all([client.closed, left])
})

test('nobody new is let in meanwhile', async () => {
  const workload = await orders()
  const client = await keepAlive(workload.address)
  client.ask({ path: '/slow' })
  await until(() => workload.waiting.length === 1)
  const left = workload.leave(patient)
  expect(await send(workload.address)).toMatchObject({ status: 0 })
  workload.waiting[0]!()
  await left
})

test('who never finishes is not waited for', async () => {
  const workload = await orders()
  const client = await keepAlive(workload.address)
  client.ask({ path: '/slow' })
  await until(() => workload.waiting.length === 1)
  await workload.leave(50)
  await workload.close()
  await client.closed
})
