import type { Examination } from '../../scenarios/doctor/examine.ts'
import type { Finding, Severity } from '../../scenarios/doctor/finding.ts'
import type { Paint } from '../paint.ts'
import { pad, wrap } from './table.ts'
import { count, shown } from './words.ts'

const look: Record<Severity, { text: string; paint: keyof Paint }> = {
  error: { text: '✗', paint: 'bad' },
  warning: { text: '!', paint: 'warn' },
  note: { text: '·', paint: 'dim' },
}

/** `notes`: each is told too; else only how many there are of which. */
type Look = { paint: Paint; columns: number; notes?: boolean }

/** Every finding with what was seen, its cause and its remedy, the worst first. */
export const renderExamination = (examination: Examination, wanted: Look): string => {
  const { paint } = wanted
  const { topology, mode, findings, errors, warnings } = examination
  const head = `${paint.strong(topology)} in ${paint.strong(mode)}`
  const notes = findings.length - errors - warnings
  const totals = `${count(errors, 'error')}, ${count(warnings, 'warning')}, ${count(notes, 'note')}`
  const verdict =
    errors > 0 ? paint.bad(`✗ something is wrong: ${totals}`) : paint.good(`✓ nothing is wrong: ${totals}`)
  const inFull = findings.filter(({ severity }) => severity !== 'note' || wanted.notes)
  const folded = findings.length > inFull.length ? [...foldedNotes(findings, wanted), ''] : []
  return [head, '', ...inFull.flatMap(finding => [...told(finding, wanted), '']), ...folded, verdict].join('\n')
}

const foldedNotes = (findings: readonly Finding[], { paint, columns }: Look): string[] => {
  const names = findings.filter(({ severity }) => severity === 'note').map(({ name }) => name)
  const kinds = [...new Set(names)].map(name => `${names.filter(one => one === name).length} ${shown(name, 60)}`)
  const words = `${count(names.length, 'note')}, of what is over or came from strangers: ${kinds.join(', ')}. hop doctor --notes tells each.`
  return wrap(words, columns - 2).map((line, i) => paint.dim(`${i === 0 ? '·' : ' '} ${line}`))
}

const told = ({ severity, name, where, seen, cause, remedy }: Finding, { paint, columns }: Look): string[] => {
  const sign = look[severity]
  const labelled = (label: string, text: string) =>
    wrap(shown(text), columns - 12).map((line, i) => `    ${pad(i === 0 ? label : '', 8)}${line}`)
  return [
    `${paint[sign.paint](sign.text)} ${paint.strong(shown(where.replace(/:([^:]*)$/, ' → $1'), 80))}  ${paint[sign.paint](shown(name, 60))}`,
    ...seen.flatMap(one => labelled('seen', one)),
    ...labelled('cause', cause),
    ...labelled('remedy', remedy),
  ]
}
