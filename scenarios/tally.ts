import type { Cell, CellVerdict } from './scenario.ts'

/** What the cells of one scenario in one mode come to together. */
export type Tally = {
  /** The verdict they share; `mixed` where they differ. Cells that are not applicable only count where all are. */
  verdict: CellVerdict | 'mixed'
  /** In how many it holds. */
  holds: number
  /** How many it applies to. */
  of: number
  asExpected: boolean
}

/** Undefined where there are no cells. */
export const tally = (cells: readonly Pick<Cell, 'verdict' | 'asExpected'>[]): Tally | undefined => {
  if (cells.length === 0) return undefined
  const applicable = cells.filter(({ verdict }) => verdict !== 'not-applicable')
  const verdicts = new Set(applicable.map(({ verdict }) => verdict))
  const [only = 'not-applicable'] = verdicts
  return {
    verdict: verdicts.size > 1 ? 'mixed' : only,
    holds: applicable.filter(({ verdict }) => verdict === 'holds').length,
    of: applicable.length,
    asExpected: cells.every(({ asExpected }) => asExpected),
  }
}
