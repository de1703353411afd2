import { afterEach, expect, test } from 'vitest'
import { gateway } from '../../../services/gateway/gateway.ts'
import { createCleanup, createMesh } from './mesh.ts'
import { desiredOf, type echo, letIn, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

test('a callee that has not registered yet is a 503, not the end of its caller', async () => {
  const path = '/orders'
  const calls = [{ callee: 'orders', method: 'POST', path, data: [], allow: [{ method: 'POST', path }] }]
  const more = { name: 'gateway', program: gateway, calls }
  const { address } = cleanup.add(
    await startWorkload(mesh.credentials('gateway'), desiredOf({ rules: [letIn('anyone')] }), more),
  )
  expect(await send(address, { method: 'POST', path })).toMatchObject({ status: 503, body: { failure: 'no-upstream' } })
  expect(await send(address, { method: 'POST', path })).toMatchObject({ status: 503 })
})

test('anything else it throws is a 500 that says nothing of the inside, and a line in the log', async () => {
  const handler: typeof echo = () => {
    throw new Error('the inside')
  }
  const desired = desiredOf({ rules: [letIn('anyone')] })
  const workload = cleanup.add(await startWorkload(mesh.credentials('orders'), desired, { handler }))
  const answer = await send(workload.address)
  expect(answer).toMatchObject({ status: 500, body: { failure: 'internal-error' } })
  expect(JSON.stringify(answer)).not.toContain('the inside')
  expect(workload.logged()).toContain('the inside')
})
