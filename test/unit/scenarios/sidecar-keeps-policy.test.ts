import { expect, test } from 'vitest'
import { priceOf } from '../../../scenarios/flows/application-side.ts'
import policy, { judgeSidecarPolicy } from '../../../scenarios/sidecars/sidecar-keeps-policy.ts'
import { applicationRecord, callOn, hopIn, reportOf, requestRecord, selectedIn } from './sidecar-cases.ts'

const hop = hopIn('shop', 'mtls', 'orders:shipping')
const { served, denied, refused } = callOn(hop)
const price = { requests: 12, medianMs: 0.3 }
const kept = {
  ...{ stranger: 'inventory', honest: denied('honest'), lying: denied('lying'), genuine: served('genuine') },
  ...{ report: reportOf([], [applicationRecord('genuine')]), price },
}

test('holds when the sidecar denied both and its application knows of neither', () => {
  const judged = judgeSidecarPolicy(hop, kept)
  expect(judged).toMatchObject({ verdict: 'holds', control: { passed: true } })
  expect(judged.evidence.map(({ title, text }) => [title, text])).toEqual([
    ['requests of inventory that the application received', '0'],
    ['the price: ms between sidecar and application, median of 12 requests', '0.3'],
  ])
})

test('is broken when one reached the application, whatever the sidecar says', () => {
  const both = reportOf([], [applicationRecord('genuine'), applicationRecord('lying')])
  const lied = judgeSidecarPolicy(hop, { ...kept, lying: served('lying'), report: both })
  expect(lied).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judgeSidecarPolicy(hop, { ...kept, report: both }).verdict).toBe('broken')
})

test('shows nothing when the real caller was not served, nobody was denied, or the price could not be measured', () => {
  for (const other of [
    { genuine: denied('genuine') },
    { report: reportOf([], []) },
    { lying: refused('handshake-timeout') },
    { lying: served('lying') },
    { price: { requests: 0, medianMs: 0 } },
  ])
    expect(judgeSidecarPolicy(hop, { ...kept, ...other }).control.passed).toBe(false)
})

test('the price is the median of what sidecar and application both recorded', () => {
  const requests = ['a', 'b', 'c', 'denied'].map((span, i) => requestRecord(span, 10 + i))
  const application = [applicationRecord('a', 9.5), applicationRecord('b', 8), applicationRecord('c', 5)]
  expect(priceOf({ requests, application })).toEqual({ requests: 3, medianMs: 3 })
  expect(priceOf({ requests })).toEqual({ requests: 0, medianMs: 0 })
})

test('is about links that end at a sidecar, and no others', () => {
  expect(selectedIn(policy, 'clinic', 'mtls')).toEqual(['scheduling:reminders'])
})
