import { afterAll, beforeAll, expect, test } from 'vitest'
import { findScenario } from '../../scenarios/catalogue.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { runScenario } from '../../scenarios/runner.ts'
import { startTestLab, type TestLab } from '../support/lab.ts'

let embedded: TestLab
let lab: LabClient
beforeAll(async () => {
  embedded = await startTestLab({ mode: 'mtls' })
  lab = await connectLab(embedded.access)
})
afterAll(async () => {
  await lab?.close()
  await embedded?.close()
})

const ids = ['request-smuggling', 'downgrade', 'edge-hygiene', 'names-agree', 'h2-coalescing', 'http-semantics']

test.each(ids)('%s comes out as expected where every hop is mutual TLS', async id => {
  const cells = await runScenario(lab, findScenario(id))
  expect(cells.filter(({ asExpected }) => !asExpected).map(({ link, because }) => [link, because])).toEqual([])
  expect(cells.some(({ verdict }) => verdict === 'holds')).toBe(true)
})

test('nothing is left behind: the public is served as before', async () => {
  const { workloads, mode } = await lab.state()
  expect(mode).toBe('mtls')
  expect(workloads.every(({ address }) => address !== undefined)).toBe(true)
  const [cell] = await runScenario(lab, findScenario('http-semantics'))
  expect(cell?.verdict).toBe('holds')
})
