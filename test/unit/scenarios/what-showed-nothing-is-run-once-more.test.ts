import { expect, test } from 'vitest'
import type { LabClient } from '../../../scenarios/lab-client.ts'
import { runScenario } from '../../../scenarios/runner.ts'
import { allLinks, defineScenario, type Observed } from '../../../scenarios/scenario.ts'
import { modes } from '../../../services/modes.ts'
import { topologyOf } from '../../support/topologies.ts'

const { topology } = topologyOf('shop')
const lab = { topology, state: async () => ({ mode: 'mtls' }), switches: async () => ({}) } as unknown as LabClient

const observed = (verdict: Observed['verdict'], passed: boolean, because: string): Observed => ({
  ...{ verdict, because, evidence: [], control: { passed, evidence: [] } },
})
const about = { id: 'eavesdrop', claims: ['B1'], title: '', guarantee: '<link>', explanation: '' } as const

/** A scenario about the system that comes out as these do, one run after the other; and how often it was run. */
const comingOut = (...outcomes: Observed[]) => {
  let runs = 0
  const scenario = defineScenario({
    ...about,
    per: 'system',
    expected: Object.fromEntries(modes.map(mode => [mode, 'holds'] as const)) as never,
    run: async () => outcomes[runs++] ?? expect.fail('it was run too often'),
  })
  return { scenario, runs: () => runs }
}

test('a run whose control failed is followed by another, which says why', async () => {
  const { scenario } = comingOut(observed('holds', false, ''), observed('holds', true, 'seen'))
  expect(await runScenario(lab, scenario)).toMatchObject([
    { verdict: 'holds', asExpected: true, because: 'seen', firstTry: expect.stringContaining('control failed') },
  ])
})

test('two that showed nothing are enough', async () => {
  const { scenario, runs } = comingOut(observed('holds', false, ''), observed('broken', false, ''))
  expect(await runScenario(lab, scenario)).toMatchObject([{ verdict: 'inconclusive', asExpected: false }])
  expect(runs()).toBe(2)
})

test.each(['broken', 'holds'] as const)('%s is not asked a second time', async verdict => {
  const { scenario, runs } = comingOut(observed(verdict, true, 'seen'))
  const [cell] = await runScenario(lab, scenario)
  expect(cell).toMatchObject({ verdict, asExpected: verdict === 'holds' })
  expect(cell).not.toHaveProperty('firstTry')
  expect(runs()).toBe(1)
})

test('of several links those that showed something stay as they came out first', async () => {
  const unclear = 'orders:payments'
  let runs = 0
  const scenario = defineScenario({
    ...about,
    per: 'link',
    select: () => true,
    expected: () => 'holds',
    run: (client, hops) => {
      runs++
      const first = runs === 1
      return allLinks(async (_lab, { link }) =>
        first ? observed('broken', link.id !== unclear, 'first') : observed('holds', true, 'second'),
      )(client, hops)
    },
  })
  const cells = (await runScenario(lab, scenario)).filter(({ verdict }) => verdict !== 'not-applicable')
  expect(cells.length).toBeGreaterThan(3)
  for (const cell of cells)
    if (cell.link === unclear) expect(cell).toMatchObject({ verdict: 'holds', because: 'second' })
    else expect(cell).toMatchObject({ verdict: 'broken', because: 'first', asExpected: false })
})
