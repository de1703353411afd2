import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import type { AuditEntry } from '../../services/control/state/audit.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'

const second = 1000
let aheadMs = 0
let running: TestLab
let lab: LabClient

beforeAll(async () => {
  const lifetimes = { workloadMs: 30 * second, publicMs: 30 * second }
  const clock = () => Date.now() + aheadMs
  running = await startTestLab({ mode: 'mtls', clock, lifetimes, reviveEveryMs: 50 })
  lab = await connectLab(running.access)
})
afterAll(async () => {
  await lab.close()
  await running.close()
})

const revivals = async (): Promise<AuditEntry[]> => {
  const entries = (await operator(running, 'GET', '/api/audit?since=0')) as AuditEntry[]
  return entries.filter(({ who, action }) => who === 'lab' && action === 'reenrol')
}
const revived = async () => (await revivals()).map(({ target }) => target).sort()

const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise(setImmediate)
}

test('everybody whose certificate ran out meanwhile is let in again, but nobody who was kept out on purpose', async () => {
  await lab.setSwitch('renewal', { payments: { on: false } })
  await lab.revoke({ id: 'spiffe://hop.lab/inventory', reason: 'keyCompromise' })
  // a machine asleep: no timer notices, and by the clock everything has run out
  aheadMs = 50 * second
  const others = Object.keys(lab.topology.workloads).filter(name => name !== 'payments' && name !== 'inventory')
  await until(async () => (await revived()).length >= others.length)
  expect(await revived()).toEqual(others.sort())
  expect((await revivals())[0]!.detail).toEqual({ reason: expect.stringMatching(/^its certificate ran out at 20/) })

  await lab.setSwitch('renewal', {})
  await until(async () => (await revived()).includes('payments'))
  expect(await revived()).toEqual([...others, 'payments'].sort())

  await lab.lifecycle.reenrol('inventory')
  await until(async () => (await lab.state()).settled)
  const client = await createPublicClient(running)
  expect(await client.send()).toMatchObject({ status: 201 })
  await client.close()
})
