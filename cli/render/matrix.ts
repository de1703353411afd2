import type { Matrix } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { tally } from '../../scenarios/tally.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { type Entry, sectionsOf } from '../sections.ts'
import { renderCosts } from './costs.ts'
import { createGrid, type Grid } from './grid.ts'
import { wrap } from './table.ts'
import { count, duration, moment, shown, tallyWord, verdictWord } from './words.ts'

export type MatrixLook = {
  paint: Paint
  columns: number
  scenarios: readonly Scenario[]
  /** A line for every link of a scenario too. */
  links?: boolean
  /** These are verdicts of earlier runs. */
  kept?: boolean
}

/** Guarantees × modes for people, section by section, and the sum. */
export const renderMatrix = (matrix: Matrix, look: MatrixLook): string => {
  const { paint, columns, scenarios } = look
  const grid = createGrid(matrix.modes, columns)
  const sections = sectionsOf(matrix, scenarios).flatMap(({ title, entries }) => [
    ...grid.head(title).map(paint.strong),
    ...entries.flatMap(entry => entryLines(entry, matrix, grid, look)),
    '',
  ])
  return [
    ...sections,
    ...renderCosts(matrix, grid, look),
    ...legend(matrix, look),
    ...surprises(matrix, paint).flatMap(line => wrap(line, columns)),
    ...whereToLook(matrix),
  ].join('\n')
}

const entryLines = (entry: Entry, { cells, modes }: Matrix, grid: Grid, look: MatrixLook): string[] => {
  const { scenario, guarantee, rows } = entry
  const { paint, columns, links } = look
  const ofMode = modes.map(mode => cells.filter(cell => cell.scenario === scenario.id && cell.mode === mode))
  const sums = ofMode.map(tally).map(sum => (sum ? tallyWord(sum, paint) : ''))
  const each = links ? rows.filter(({ link }) => link !== undefined) : []
  return [
    ...wrap(guarantee, columns - 2).map(line => `  ${line}`),
    ...grid.row(4, scenario.id, sums, paint.dim),
    ...each.flatMap(({ link = '' }) => {
      const found = ofMode.map(of => of.find(cell => cell.link === link))
      return grid.row(
        6,
        linkTitle(link),
        found.map(cell => (cell ? verdictWord(cell, paint) : '')),
      )
    }),
  ]
}

/** `63 cells, all as expected, in 8.2 s`. */
export const summary = ({ cells, unexpected, ms }: Pick<Matrix, 'cells' | 'unexpected' | 'ms'>, paint: Paint): string =>
  `${sum({ cells, unexpected }, paint)}, in ${duration(ms)}`

const sum = ({ cells, unexpected }: Pick<Matrix, 'cells' | 'unexpected'>, paint: Paint): string =>
  `${count(cells.length, 'cell')}, ${unexpected === 0 ? paint.good('all as expected') : paint.bad(`${unexpected} not as expected`)}`

/** What did not come out as expected, and why it came out as it did. */
const surprises = ({ cells }: Pick<Matrix, 'cells'>, paint: Paint): string[] => {
  const all = cells.filter(cell => !cell.asExpected)
  const told = all.slice(0, mostSurprises).map(cell => surprise(cell, paint))
  return all.length > told.length ? [...told, `${paint.warn('!')} and ${all.length - told.length} more`] : told
}

const mostSurprises = 20

const surprise = ({ scenario, link, mode, expected, verdict, because }: Cell, paint: Paint): string => {
  const where = [scenario, link && linkTitle(link), mode].filter(Boolean).join(', ')
  return `${paint.warn('!')} ${where}: expected ${expected}, found ${verdict}: ${shown(because, 200)}`
}

const whereToLook = ({ cells }: Matrix): string[] => {
  const cell = cells.find(({ asExpected }) => !asExpected)
  return cell ? [`With its evidence: hop run ${cell.scenario} --mode ${cell.mode}`] : []
}

const legend = (matrix: Matrix, { paint, columns, links, kept }: MatrixLook): string[] => [
  kept ? `${sum(matrix, paint)}, observed until ${moment(matrix.startedAt)}` : summary(matrix, paint),
  ...[
    'holds, broken: put to the test, with a control that must come out the other way',
    'n/a: nothing there to hold on to · unclear: the control failed · !: not as expected',
    `◐ 3/5: holds on three of the five links it applies to${links ? '' : '; --links shows each'}`,
  ].flatMap(line => wrap(line, columns).map(paint.dim)),
]
