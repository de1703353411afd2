import { afterAll, beforeAll, expect, test } from 'vitest'
import { conditions } from '../../scenarios/alerts/conditions.ts'
import { observeAlerts } from '../../scenarios/alerts/observe.ts'
import { readUntil } from '../../scenarios/flows/patience.ts'
import { placeOrder } from '../../scenarios/flows/stand-in.ts'
import { connectLab, type LabClient } from '../../scenarios/lab-client.ts'
import { matching, readScrape } from '../../scenarios/observing/scrape.ts'
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

const meets = {
  '>': (value: number, threshold: number) => value > threshold,
  '>=': (value: number, threshold: number) => value >= threshold,
  '==': (value: number, threshold: number) => value === threshold,
  'abs >': (value: number, threshold: number) => Math.abs(value) > threshold,
}
const at = (labels: Readonly<Record<string, string>>) => labels.workload ?? labels.link ?? ''

/** What the conditions make of a scrape of the control plane; how long it must have been so aside. */
const scraped = async (): Promise<string[]> => {
  const series = readScrape(await lab.metrics('control'))
  return conditions
    .flatMap(({ alert, metric, comparison, threshold }) =>
      matching(series, metric)
        .filter(({ value }) => meets[comparison](value, threshold))
        .map(({ labels }) => `${alert} ${at(labels)}`),
    )
    .sort()
}
const judged = async (): Promise<string[]> =>
  (await observeAlerts(lab)).map(({ alert, labels }) => `${alert} ${at(labels)}`).sort()

test('all is quiet by both where nothing is wrong', async () => {
  await placeOrder(lab)
  expect(await scraped()).toEqual([])
  expect(await judged()).toEqual([])
})

test('what is wrong is the same by both', async () => {
  await lab.setSwitch('renewal', { orders: { on: false } })
  await lab.setSwitch('clocks', { inventory: 60 })
  await lab.setSwitch('revocation', { lists: 'withheld', failure: 'soft-fail' })
  await lab.verify('orders:payments', false)
  await lab.revoke({ id: 'spiffe://hop.lab/shipping', reason: 'superseded' })
  const both = async () => ({ scraped: await scraped(), judged: await judged() })
  const same = (seen: Awaited<ReturnType<typeof both>>) => `${seen.scraped}` === `${seen.judged}`
  // who was revoked has not taken the trust given out with it either; that counts after a second
  const seen = await readUntil(both, same, { tries: 40, pauseMs: 100 })
  expect(seen.scraped).toEqual(
    expect.arrayContaining([
      'CalleeNotVerified orders:payments',
      'ClockSkew inventory',
      'CrlMissing gateway',
      'RenewalOff orders',
      'WorkloadAway shipping',
    ]),
  )
  expect(seen.scraped).toEqual(seen.judged)
})

test('two who look at the same time are told the same', async () => {
  const [one, other] = await Promise.all([lab.metrics('control'), lab.metrics('control')])
  expect(one).toBe(other)
})
