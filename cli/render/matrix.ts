import type { Matrix, Row } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import type { Mode } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology.ts'
import type { Paint } from '../paint.ts'
import { pad, wrap } from './table.ts'
import { count, duration, shown, verdictWord } from './words.ts'

export type MatrixLook = { paint: Paint; columns: number; scenarios: readonly Scenario[] }

/** Columns of a mode: `✗ broken !` and a space. */
const modeWidth = 12
const mostColumns = 110

/** Guarantees × modes for people: scenario by scenario, its links below it, and the sum. */
export const renderMatrix = (matrix: Matrix, { paint, columns, scenarios }: MatrixLook): string => {
  const labelWidth = Math.max(20, Math.min(columns, mostColumns) - modeWidth * matrix.modes.length)
  const cellAt = new Map(matrix.cells.map(cell => [keyOf(cell, cell.mode), cell]))
  const cellsOf = (row: Row): string =>
    matrix.modes
      .map(mode => cellAt.get(keyOf(row, mode)))
      .map(cell => pad(cell ? verdictWord(cell, paint) : '', modeWidth))
      .join('')
      .trimEnd()

  const lines = [...header(matrix.modes, labelWidth).map(paint.strong), '']
  let last = ''
  for (const row of matrix.rows) {
    if (row.scenario !== last) {
      if (last !== '') lines.push('')
      const title = scenarios.find(({ id }) => id === row.scenario)?.title
      lines.push(paint.strong(title ?? row.scenario) + (title ? paint.dim(`  ${row.scenario}`) : ''))
      last = row.scenario
    }
    const label = row.link === undefined ? row.guarantee : linkTitle(row.link)
    const [first = '', ...more] = wrap(label, labelWidth - 4)
    lines.push(`  ${pad(first, labelWidth - 2)}${cellsOf(row)}`.trimEnd())
    for (const line of more) lines.push(`  ${line}`)
  }
  return [
    ...lines,
    '',
    ...legend(matrix, paint),
    ...surprises(matrix, paint).flatMap(line => wrap(line, columns)),
    ...whereToLook(matrix),
  ].join('\n')
}

/** `63 cells, all as expected, in 8.2 s`. */
export const summary = (
  { cells, unexpected, ms }: Pick<Matrix, 'cells' | 'unexpected' | 'ms'>,
  paint: Paint,
): string => {
  const verdict = unexpected === 0 ? paint.good('all as expected') : paint.bad(`${unexpected} not as expected`)
  return `${count(cells.length, 'cell')}, ${verdict}, in ${duration(ms)}`
}

/** What did not come out as expected, and why it came out as it did. */
export const surprises = ({ cells }: Pick<Matrix, 'cells'>, paint: Paint): string[] =>
  cells
    .filter(cell => !cell.asExpected)
    .map(({ scenario, link, mode, expected, verdict, because }) => {
      const where = [scenario, link && linkTitle(link), mode].filter(Boolean).join(', ')
      return `${paint.warn('!')} ${where}: expected ${expected}, found ${verdict}: ${shown(because, 200)}`
    })

const whereToLook = ({ cells }: Matrix): string[] => {
  const cell = cells.find(({ asExpected }) => !asExpected)
  return cell ? [`With its evidence: hop run ${cell.scenario} --mode ${cell.mode}`] : []
}

const keyOf = ({ scenario, link }: Pick<Cell, 'scenario' | 'link'>, mode: Mode): string =>
  `${scenario} ${link ?? ''} ${mode}`

/** The names of the modes, broken at their hyphens. */
const header = (modes: readonly Mode[], labelWidth: number): string[] => {
  const names = modes.map(mode => fold(mode.split(/(?<=-)/)))
  const height = Math.max(...names.map(({ length }) => length))
  return Array.from({ length: height }, (_, y) =>
    (' '.repeat(labelWidth) + names.map(name => pad(name[y] ?? '', modeWidth)).join('')).trimEnd(),
  )
}

const fold = (parts: readonly string[]): string[] => {
  const lines: string[] = []
  for (const part of parts) {
    const line = lines.pop()
    if (line === undefined) lines.push(part)
    else lines.push(...((line + part).length < modeWidth ? [line + part] : [line, part]))
  }
  return lines
}

const legend = (matrix: Matrix, paint: Paint): string[] => [
  summary(matrix, paint),
  paint.dim('holds, broken: put to the test, with a control that must come out the other way'),
  paint.dim('n/a: nothing there to hold on to · unclear: the control failed · !: not as expected'),
]
