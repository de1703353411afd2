import type { Mode } from '../../services/modes.ts'
import { pad, visible, wrap } from './table.ts'

/** A column of labels, and one for each mode. */
export type Grid = {
  labelWidth: number
  /** The names of the modes, broken at their hyphens, beside a title, or below one that is too long. */
  head(title: string): string[]
  /** A label, broken where it is too long, and a word for each mode. Words may be coloured; `dim` colours the label. */
  row(indent: number, label: string, words: readonly string[], dim?: (text: string) => string): string[]
}

/** `✗ broken !` and a space. */
const modeWidth = 12
const mostColumns = 110
const mostLabel = 50

/** `columns`: how wide the whole may be. */
export const createGrid = (modes: readonly Mode[], columns: number): Grid => {
  const labelWidth = Math.min(mostLabel, Math.max(20, Math.min(columns, mostColumns) - modeWidth * modes.length))
  const names = modes.map(mode => fold(mode.split(/(?<=-)/)))
  const line = (label: string, words: readonly string[]): string =>
    (pad(label, labelWidth) + words.map(word => pad(word, modeWidth)).join('')).trimEnd()
  return {
    labelWidth,
    head(title) {
      const heads = Array.from({ length: Math.max(1, ...names.map(({ length }) => length)) }, (_, y) =>
        names.map(name => name[y] ?? ''),
      )
      const beside = visible(title) < labelWidth
      return [...(beside ? [] : [title]), ...heads.map((words, y) => line(beside && y === 0 ? title : '', words))]
    },
    row(indent, label, words, dim = text => text) {
      const parts = wrap(label, labelWidth - indent - 2)
      const [first = '', ...more] = parts.map(part => ' '.repeat(indent) + dim(part))
      return [line(first, words), ...more]
    },
  }
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
