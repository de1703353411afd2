import type { Matrix } from '../../scenarios/runner.ts'
import type { Mode } from '../../services/modes.ts'
import type { Paint } from '../paint.ts'
import type { Grid } from './grid.ts'
import { wrap } from './table.ts'
import { shown } from './words.ts'

/** One count, mode by mode; undefined where it was not counted. */
export type CostRow = { title: string; counts: ({ count: number; what: readonly string[] } | undefined)[] }

/** The counts of a matrix by modes, in the order in which they are told. */
export const costRows = (costs: NonNullable<Matrix['costs']>, modes: readonly Mode[]): CostRow[] => {
  const titles = new Map(modes.flatMap(mode => costs[mode] ?? []).map(({ id, title }) => [id, title]))
  return [...titles].map(([id, title]) => ({
    title,
    counts: modes.map(mode => costs[mode]?.find(cost => cost.id === id)),
  }))
}

/** What the guarantees cost, under the same columns; and which mode fits, where the topology says what it needs. */
export const renderCosts = (
  { costs, modes, bestFit }: Matrix,
  grid: Grid,
  { paint, columns }: { paint: Paint; columns: number },
): string[] => {
  if (!costs) return []
  return [
    ...grid.head('What it costs').map(paint.strong),
    ...costRows(costs, modes).flatMap(({ title, counts }) => grid.row(2, shown(title, 100), counts.map(briefly))),
    '',
    ...(bestFit ? [...wrap(shown(bestFit.says, 1000), columns), ''] : []),
  ]
}

/** The number; of a single thing whose name is short, the name too. */
const briefly = (cost: CostRow['counts'][number]): string => {
  if (!cost) return '–'
  const [only = '', ...more] = cost.what
  return cost.count === 1 && more.length === 0 && /^[a-z0-9-]{1,8}$/.test(only) ? `1 (${only})` : String(cost.count)
}
