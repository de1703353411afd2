import { afterEach, expect, test } from 'vitest'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { renewUnderLoad } from '../support/renewal-load.ts'

let lab: TestLab
afterEach(() => lab.close())

test('every workload renews three times under load, the public certificate too, and no request is lost', async () => {
  lab = await startTestLab({ mode: 'mtls', lifetimes: { workloadMs: 6000, publicMs: 6000 } })
  const { lost, answered, seen } = await renewUnderLoad(lab, 3)
  expect(lost).toEqual([])
  expect(Math.min(...answered)).toBeGreaterThan(10)
  expect([...seen.keys()]).toContain('edge/public')
})
