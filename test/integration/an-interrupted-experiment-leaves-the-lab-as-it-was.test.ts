import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { putBack, standOf } from '../../cli/kept-lab.ts'
import { examine } from '../../scenarios/doctor/examine.ts'
import { interferedLinks } from '../../scenarios/flows/wire.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let started: TestLab
let lab: LabClient
beforeAll(async () => {
  started = await startTestLab({ mode: 'mtls' })
  lab = await connectLab(started.access)
})
afterAll(async () => {
  await lab.close()
  await started.close()
})

const statusNow = async () => (await followRequest(lab)).answer.status

it('a link that was led elsewhere is told by the doctor, and led back', async () => {
  const before = await standOf(lab)
  const nobody = createServer(socket => socket.destroy())
  await new Promise<void>(resolve => nobody.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = nobody.address() as { port: number }
    await lab.wire('orders:payments').redirect({ host: '127.0.0.1', port })
    await lab.wire('orders:payments').cut()
    expect(await statusNow()).toBe(502)
    const { findings } = await examine(lab)
    expect(findings.map(({ name, where }) => [name, where])).toContainEqual(['wire-interfered', 'orders:payments'])
    await putBack(started.access, before)
    expect(await interferedLinks(lab)).toEqual([])
    expect(await statusNow()).toBe(201)
  } finally {
    nobody.close()
  }
})

it('a rotation that was held goes back, and a workload that was put out is let in again', async () => {
  const before = await standOf(lab)
  const { rotation } = await lab.lifecycle.trust()
  expect(rotation).toBeNull()
  await lab.lifecycle.rotate('root', { stopAt: 'trust' })
  await lab.lifecycle.revoke({ id: 'spiffe://hop.lab/payments', reason: 'superseded' })
  await putBack(started.access, before)
  const state = await lab.state()
  expect(state.rotation).toBeNull()
  expect(state.workloads.filter(({ connected }) => !connected)).toEqual([])
  expect(await statusNow()).toBe(201)
})

it('break-glass that was opened is ended', async () => {
  const before = await standOf(lab)
  await lab.lifecycle.breakGlass({ link: 'orders:payments', forS: 600, reason: 'a test' })
  await putBack(started.access, before)
  expect((await lab.state()).breakGlass).toBeNull()
})
