import { expect, test } from 'vitest'
import type { Observations } from '../../services/chassis/observation.ts'
import { createPublicClient, operator, startTestLab } from '../support/lab.ts'

test('a public certificate that lives shorter than the workload’s is renewed before it ends', async () => {
  const lab = await startTestLab({ lifetimes: { workloadMs: 3_600_000, publicMs: 2_000 } })
  try {
    const serial = async () => {
      const { held } = (await operator(lab, 'GET', '/api/workloads/edge/report?since=0')) as Observations
      return held.find(({ kind }) => kind === 'public')!.serial
    }
    const first = await serial()
    while ((await serial()) === first) await new Promise(resolve => setTimeout(resolve, 50))
    const client = await createPublicClient(lab)
    expect(await client.send()).toMatchObject({ status: 201 })
    await client.close()
  } finally {
    await lab.close()
  }
})
