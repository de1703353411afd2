import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

test('while every workload checks users, modes and the signing key change and no request of a user is lost', async () => {
  const settings = { waf: false, rate: null, tokens: true }
  const value = Object.fromEntries(Object.keys(lab.topology.workloads).map(name => [name, settings]))
  await operator(lab, 'PUT', '/api/switches/l7', { value })
  const token = async () =>
    ((await operator(lab, 'POST', '/api/tokens', { subject: 'ada' })) as { token: string }).token
  const client = await createPublicClient(lab)
  let authorization = `Bearer ${await token()}`
  const load = startLoad({ ...client, send: () => client.send({ headers: { authorization } }) })
  for (const mode of ['passthrough', 'mtls', 'passthrough', 'edge-terminate-plaintext']) {
    const lines = (await operator(lab, 'PUT', '/api/mode', { mode })) as object[]
    expect(lines.at(-1)).toMatchObject({ done: true, mode })
    await operator(lab, 'POST', '/api/tokens/rotate')
    authorization = `Bearer ${await token()}`
    await load.more(20)
  }
  const { answered, lost } = await load.stop()
  await client.close()
  expect(lost).toEqual([])
  expect(answered).toBeGreaterThan(75)
})
