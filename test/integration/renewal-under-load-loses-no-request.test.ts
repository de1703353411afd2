import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Observations } from '../../services/chassis/observation.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab({ mode: 'mtls', lifetimes: { workloadMs: 3000, publicMs: 3000 } })
})
afterAll(() => lab.close())

const serials = async (): Promise<Record<string, string[]>> => {
  const names = Object.keys(lab.topology.workloads)
  const reports = await Promise.all(
    names.map(name => operator(lab, 'GET', `/api/workloads/${name}/report?since=999999`)),
  )
  return Object.fromEntries(
    names.map((name, i) => [name, (reports[i] as Observations).held.map(({ serial }) => serial)]),
  )
}

test('every workload renews three times under load, the public certificate too, and no request is lost', async () => {
  const client = await createPublicClient(lab)
  const load = startLoad(client)
  const seen = new Map<string, Set<string>>()
  const renewedThrice = () => seen.size > 0 && [...seen.values()].every(set => set.size >= 4)
  while (!renewedThrice() && load.tally.lost.length === 0) {
    for (const [name, held] of Object.entries(await serials()))
      held.forEach((serial, i) => {
        const key = `${name}/${i}`
        if (!seen.has(key)) seen.set(key, new Set())
        seen.get(key)!.add(serial)
      })
    await load.more(50)
  }
  const { lost } = await load.stop()
  await client.close()
  expect(lost).toEqual([])
  expect([...seen.keys()]).toContain('edge/1')
})
