import type { Cell } from '../../scenarios/scenario.ts'

/** Cells that came out alike: the same verdict, for much the same reason. At least one. */
export type Outcome = [Cell, ...Cell[]]

/** The cells of one scenario in one mode by how they came out, what is not applicable last. */
export const outcomesOf = (cells: readonly Cell[]): Outcome[] => {
  const outcomes: Outcome[] = []
  for (const cell of cells) {
    const alike = outcomes.find(([first]) => isAlike(first, cell))
    if (alike) alike.push(cell)
    else outcomes.push([cell])
  }
  const rank = ([{ verdict }]: Outcome): number => (verdict === 'not-applicable' ? 1 : 0)
  return outcomes.toSorted((a, b) => rank(a) - rank(b) || b.length - a.length)
}

/** Share of the words that two reasons must have in common to count as one. */
const enough = 0.6

const isAlike = (a: Cell, b: Cell): boolean => {
  if (a.verdict !== b.verdict || a.asExpected !== b.asExpected) return false
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const shared = [...left].filter(word => right.has(word)).length
  return shared >= enough * (left.size + right.size - shared)
}

/** The words of a reason, without the ends of its link; numbers are all the same. */
const wordsOf = ({ because, link = '' }: Cell): Set<string> => {
  const ends = link.split(':')
  const words = because.replaceAll(/\d+/g, '0').match(/[\w-]+/g) ?? []
  return new Set(words.filter(word => !ends.includes(word)))
}
