import { expect, test } from 'vitest'
import { catalogue } from '../../../scenarios/catalogue.ts'
import { type ClaimId, claimGroupIds, claimIds, claims, groupOf } from '../../../scenarios/claims.ts'

/** Groups that are shown whole, and single claims of the others. */
const shown = claimIds.filter(
  id => ['B', 'I', 'C', 'L', 'S'].includes(groupOf(id)) || ['D2', 'D6', 'O1', 'O2', 'O4', 'O5', 'O6'].includes(id),
)

test.each(shown)('%s is shown by a scenario', id => {
  const scenarios = catalogue.filter(scenario => (scenario.claims as readonly ClaimId[]).includes(id))
  expect(
    scenarios.map(scenario => scenario.id),
    claims[id],
  ).not.toEqual([])
})

test.each(catalogue.map(scenario => ({ ...scenario })))(
  '$id names claims, all of them known and none twice',
  scenario => {
    expect(scenario.claims).not.toEqual([])
    expect(claimIds).toEqual(expect.arrayContaining([...scenario.claims]))
    expect(new Set(scenario.claims).size).toBe(scenario.claims.length)
  },
)

test.each(catalogue.map(scenario => ({ ...scenario })))('$id explains itself in a few sentences', scenario => {
  expect(scenario.explanation).toMatch(/^[A-Z][^<>]{80,600}\.$/)
})

test('every claim belongs to a group', () => {
  expect([...new Set(claimIds.map(groupOf))].sort()).toEqual([...claimGroupIds].sort())
  expect(shown).toHaveLength(10 + 11 + 14 + 10 + 6 + 7)
})
