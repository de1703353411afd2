import { type Cell, type Evidence, guaranteeOn, type Scenario } from '../../scenarios/scenario.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { pad, wrap } from './table.ts'
import { duration, shown, verdictWord } from './words.ts'

export type CellsLook = { paint: Paint; columns: number; evidence: boolean }

/** The runs of one scenario, each with its verdict and why; with the evidence, if wanted. */
export const renderCells = (scenario: Scenario, cells: readonly Cell[], look: CellsLook): string => {
  const { paint } = look
  const head = [
    `${paint.strong(scenario.title)}${paint.dim(`  ${scenario.id} · claims ${scenario.claims.join(' ')}`)}`,
    `Guarantee: ${guaranteeOn(scenario).replace('<link>', 'each link')}`,
  ]
  return [...head, ...cells.flatMap(cell => ['', ...renderCell(cell, look)])].join('\n')
}

const renderCell = (cell: Cell, { paint, columns, evidence }: CellsLook): string[] => {
  const where = cell.link === undefined ? 'the system' : linkTitle(cell.link)
  const unexpected = cell.asExpected ? '' : paint.warn(`  expected: ${cell.expected}`)
  const time = cell.ms > 0 ? paint.dim(`  ${duration(cell.ms)}`) : ''
  const lines = [
    `${pad(verdictWord(cell, paint), 11)} ${where} in ${cell.mode}${time}${unexpected}`,
    ...wrap(shown(cell.because), columns - 12).map(line => `            ${line}`),
    ...again(cell, columns).map(line => `            ${paint.dim(line)}`),
  ]
  if (!evidence || cell.verdict === 'not-applicable') return lines
  const control = cell.control.passed ? 'control passed' : 'control FAILED'
  return [
    ...lines,
    ...cell.evidence.flatMap(item => renderEvidence('evidence', item, columns, paint)),
    ...cell.control.evidence.flatMap(item => renderEvidence(control, item, columns, paint)),
  ]
}

const again = ({ firstTry }: Cell, columns: number): string[] =>
  firstTry === undefined ? [] : wrap(`run twice; at first ${shown(firstTry)}`, columns - 12)

const renderEvidence = (label: string, { title, where, text, hex }: Evidence, columns: number, paint: Paint) => {
  const content = text ?? (hex === undefined ? '' : hex.slice(0, 128))
  const place = where.includes(':') ? linkTitle(where) : where
  const words = `${title} (${place})${content === '' ? '' : `: ${shown(content, 300)}`}`
  return wrap(words, columns - 28).map((line, i) => `            ${pad(i === 0 ? paint.dim(label) : '', 16)}${line}`)
}
