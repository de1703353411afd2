import { once } from 'node:events'
import { request } from 'node:https'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operator, startTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
let ca: string
beforeAll(async () => {
  lab = await startTestLab()
  ca = ((await operator(lab, 'GET', '/api/state')) as { bundle: string }).bundle
})
afterAll(() => lab.close())

/** One order on a connection of its own, as a client makes it that has never been here before. */
const order = async (): Promise<unknown> => {
  const { probe, ingress } = lab.topology
  const { method, path } = probe
  const sent = request({ ...lab.access.edge, servername: ingress.serverName, ca, method, path, agent: false })
  sent.setHeader('host', ingress.serverName).setHeader('content-type', 'application/json')
  sent.end(JSON.stringify(probe.body))
  const [answer] = await once(sent, 'response')
  await answer.toArray()
  return answer.statusCode
}

test('switching into and out of passthrough loses nobody who connects meanwhile', async () => {
  const seen: unknown[] = []
  let running = true
  const workers = Array.from({ length: 8 }, async () => {
    while (running) seen.push(await order().catch(error => `${error.code} ${error.message}`))
  })
  const modes = ['passthrough', 're-encrypt', 'passthrough', 'mtls', 'passthrough', 'edge-terminate-plaintext']
  for (const mode of [...modes, ...modes, ...modes]) {
    const lines = (await operator(lab, 'PUT', '/api/mode', { mode })) as object[]
    expect(lines.at(-1)).toMatchObject({ done: true, mode })
  }
  running = false
  await Promise.all(workers)
  expect(seen.filter(status => status !== 201)).toEqual([])
  expect(seen.length).toBeGreaterThan(50)
})
