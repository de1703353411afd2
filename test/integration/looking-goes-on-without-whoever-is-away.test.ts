import { afterAll, beforeAll, expect, it } from 'vitest'
import { HopError } from '../../pki/error.ts'
import { observeCalls } from '../../scenarios/calls.ts'
import { presence } from '../../scenarios/flows/presence.ts'
import { followRequest } from '../../scenarios/follow.ts'
import { observeGate } from '../../scenarios/gate.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { observeMap } from '../../scenarios/map.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let started: TestLab
let lab: LabClient
let without: LabClient
beforeAll(async () => {
  started = await startTestLab({ mode: 'mtls' })
  lab = await connectLab(started.access)
  without = unheard(lab, 'inventory')
})
afterAll(async () => {
  await lab.close()
  await started.close()
})

/** The same lab, as the control plane would tell of it when this workload had no stream. */
const unheard = (client: LabClient, away: string): LabClient => ({
  ...client,
  async state() {
    const state = await client.state()
    return {
      ...state,
      workloads: state.workloads.map(each => (each.name === away ? { ...each, connected: false } : each)),
    }
  },
  async reports(since) {
    if (away in since) throw new HopError('workload-not-connected', { field: 'workload', found: away })
    return client.reports(since)
  },
})

it('a request is followed through those that answer', async () => {
  const { away, answer, steps } = await followRequest(without)
  expect(away).toEqual(['inventory'])
  expect(answer.status).toBe(201)
  expect(steps.map(({ workload }) => workload)).toEqual(['edge', 'gateway', 'orders', 'payments', 'shipping'])
  expect((await followRequest(lab)).away).toEqual([])
})

it('the map says which hop nobody could be asked about', async () => {
  const { away, hops } = await observeMap(without)
  expect(away).toEqual(['inventory'])
  expect(hops.filter(({ differs }) => differs.length > 0).map(({ link, differs }) => [link, differs])).toEqual([
    ['orders:inventory', ['inventory is not connected, so it could not be asked']],
  ])
})

it('calls are told by those that are there', async () => {
  const { here, away } = await presence(without)
  expect(away).toEqual(['inventory'])
  const callees = new Set((await observeCalls(without, here)).map(({ callee }) => callee))
  expect(callees).toEqual(new Set(['edge', 'gateway', 'orders', 'payments', 'shipping']))
})

it('the gate stays shut while it could not ask everybody', async () => {
  expect(await observeGate(lab)).toMatchObject({ passed: true, away: [], probe: '201' })
  expect(await observeGate(without)).toMatchObject({ passed: false, away: ['inventory'], probe: '201' })
})
