import { claimGroupIds, claimGroups, groupOf } from '../scenarios/claims.ts'
import type { Matrix, Row } from '../scenarios/runner.ts'
import { guaranteeOn, type Scenario } from '../scenarios/scenario.ts'

/** The scenarios of a matrix whose first claim is of one group, each with its rows. */
export type Section = { title: string; entries: Entry[] }

export type Entry = { scenario: Scenario; guarantee: string; rows: Row[] }

/** The rows of a matrix by what they are about, in the order of the claim groups. Empty groups are left out. */
export const sectionsOf = ({ rows }: Pick<Matrix, 'rows'>, scenarios: readonly Scenario[]): Section[] => {
  const entries = scenarios
    .map(scenario => ({
      ...{ scenario, guarantee: guaranteeOnEach(scenario) },
      rows: rows.filter(row => row.scenario === scenario.id),
    }))
    .filter(entry => entry.rows.length > 0)
  return claimGroupIds
    .map(group => ({
      title: claimGroups[group],
      entries: entries.filter(
        ({ scenario }) => scenario.claims[0] !== undefined && groupOf(scenario.claims[0]) === group,
      ),
    }))
    .filter(section => section.entries.length > 0)
}

/** The guarantee of all links together. */
export const guaranteeOnEach = (scenario: Scenario): string => guaranteeOn(scenario).replace('<link>', 'each link')
