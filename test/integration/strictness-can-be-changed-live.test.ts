import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

describe.each(['mtls', 'passthrough'] as const)('in %s', mode => {
  beforeAll(async () => void (await lab.switchMode(mode)))

  test.each(['break-glass', 'protocol-policy'])('%s comes out as expected, and leaves nothing behind', async id => {
    const [cell] = await runScenario(lab, findScenario(id))
    expect(cell).toMatchObject({ verdict: 'holds', asExpected: true })
    expect(await lab.state()).toMatchObject({ breakGlass: null, switched: {}, settled: true, mode })
  })
})
