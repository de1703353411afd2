import { stripVTControlCharacters } from 'node:util'

/** A column; one with `wrap` takes what width the others leave and breaks its words. */
export type Column = { title: string; wrap?: boolean; right?: boolean }

const gap = '  '

/** Rows of cells in aligned columns, at most `width` wide if the fixed columns leave room. Cells may be coloured. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width = 100, dim = (text: string) => text } = {},
): string => {
  const widths = widthsOf(columns, rows, width)
  const head = columns.map(({ title }) => title)
  return [head, ...rows]
    .flatMap((cells, index) => {
      const lines = linesOf(cells, columns, widths)
      return index === 0 ? lines.map(dim) : lines
    })
    .join('\n')
}

/** Pads to a width that counts what is seen. */
export const pad = (text: string, width: number, right = false): string => {
  const missing = ' '.repeat(Math.max(0, width - visible(text)))
  return right ? missing + text : text + missing
}

/** Breaks a text into lines of at most `width`, between words where it can. */
export const wrap = (text: string, width: number): string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).flatMap(part => chop(part, width))) {
    if (line !== '' && visible(line) + 1 + visible(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** How many columns a text takes that may be coloured. */
export const visible = (text: string): number => stripVTControlCharacters(text).length

const chop = (word: string, width: number): string[] =>
  visible(word) <= width ? [word] : [word.slice(0, width), ...chop(word.slice(width), width)]

const widthsOf = (columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] => {
  const natural = columns.map(({ title }, i) => Math.max(visible(title), ...rows.map(row => visible(row[i] ?? ''))))
  const flexible = columns.findIndex(column => column.wrap)
  if (flexible === -1) return natural
  const fixed = natural.reduce((sum, each, i) => (i === flexible ? sum : sum + each), gap.length * (columns.length - 1))
  return natural.map((each, i) => (i === flexible ? Math.min(each, Math.max(16, width - fixed)) : each))
}

const linesOf = (cells: readonly string[], columns: readonly Column[], widths: readonly number[]): string[] => {
  const parts = columns.map((column, i) => (column.wrap ? wrap(cells[i] ?? '', widths[i]!) : [cells[i] ?? '']))
  const height = Math.max(...parts.map(part => part.length))
  return Array.from({ length: height }, (_, y) =>
    columns
      .map(({ right }, i) => pad(parts[i]![y] ?? '', widths[i]!, right))
      .join(gap)
      .trimEnd(),
  )
}
