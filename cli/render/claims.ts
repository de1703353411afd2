import { type ClaimGroup, type ClaimId, claimGroupIds, claimGroups } from '../../scenarios/claims.ts'
import type { Tally } from '../../scenarios/tally.ts'
import { type Mode, modes } from '../../services/modes.ts'
import type { Paint } from '../paint.ts'
import { createGrid, type Grid } from './grid.ts'
import { wrap } from './table.ts'
import { moment, shown, tallyWord } from './words.ts'

/** A claim with the scenarios that show it, and what came out of each last, by mode. */
export type ShownClaim = {
  id: ClaimId
  group: ClaimGroup
  sentence: string
  scenarios: { id: string; verdicts: ({ mode: Mode; observedAt: string } & Tally)[] }[]
  /** Numbers of the lessons in which it is seen happening. */
  lessons: readonly number[]
}

type Look = { paint: Paint; columns: number; topology: string | null; observed: string }

/** Claims group by group: its sentence, then a line for each scenario that shows it. */
export const renderClaims = (claims: readonly ShownClaim[], look: Look): string => {
  const { paint, columns, topology, observed } = look
  const grid = createGrid(modes, columns)
  const groups = claimGroupIds.flatMap(group => {
    const own = claims.filter(claim => claim.group === group)
    const any = own.some(({ scenarios }) => scenarios.length > 0)
    const head = any ? grid.head(claimGroups[group]) : [claimGroups[group]]
    return [...head.map(paint.strong), ...own.flatMap(claim => claimLines(claim, grid, look)), '']
  })
  const demonstrated = claims.filter(isShown).length
  const last =
    topology === null || observed === ''
      ? 'No verdicts were kept here yet: hop up --detach && hop matrix'
      : `Last verdicts: ${shown(topology, 60)}, observed until ${moment(observed)}`
  return [...groups, `${demonstrated} of ${claims.length} claims are shown`, paint.dim(last)].join('\n')
}

const indent = 6

const isShown = ({ scenarios, lessons }: ShownClaim): boolean => scenarios.length + lessons.length > 0

const claimLines = (claim: ShownClaim, grid: Grid, { paint, columns }: Look): string[] => {
  const { id, sentence, scenarios, lessons } = claim
  const [first = '', ...more] = wrap(sentence, columns - indent)
  const none = [`${' '.repeat(indent)}${paint.dim('not shown yet')}`]
  const words = (verdicts: ShownClaim['scenarios'][number]['verdicts']) =>
    verdicts.length === 0
      ? [paint.dim('not run yet')]
      : modes.map(mode => {
          const found = verdicts.find(verdict => verdict.mode === mode)
          return found ? tallyWord(found, paint) : paint.dim('not run')
        })
  return [
    `  ${id.padEnd(indent - 2)}${first}`,
    ...more.map(line => ' '.repeat(indent) + line),
    ...(isShown(claim) ? [] : none),
    ...scenarios.flatMap(({ id, verdicts }) => grid.row(indent, id, words(verdicts), paint.dim)),
    ...lessons.map(number => `${' '.repeat(indent)}${paint.dim(`hop lab ${number}`)}`),
  ]
}
