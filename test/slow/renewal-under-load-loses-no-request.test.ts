import { afterEach, expect, test } from 'vitest'
import { startTestLab, type TestLab } from '../support/lab.ts'
import { renewUnderLoad, reportsOf } from '../support/renewal-load.ts'

let lab: TestLab
afterEach(() => lab.close())

test('lifetimes of five seconds: every certificate is replaced four times, on kept and on fresh connections, and nothing is lost', async () => {
  lab = await startTestLab({ mode: 'mtls', lifetimes: { workloadMs: 5000, publicMs: 5000 } })
  const { lost } = await renewUnderLoad(lab, 4)
  expect(lost).toEqual([])
  for (const { renewals = [] } of await reportsOf(lab)) for (const { failures } of renewals) expect(failures).toBe(0)
})
