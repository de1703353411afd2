import type { Matrix } from '../../scenarios/runner.ts'
import type { Cell } from '../../scenarios/scenario.ts'
import { type Tally, tally } from '../../scenarios/tally.ts'
import type { Mode } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import { mixed, verdictLook } from '../render/words.ts'
import type { Entry, Section } from '../sections.ts'
import { type Html, html } from './html.ts'

/** Where the evidence of a cell is, or that of all cells of a scenario in a mode. */
export type Places = { cell(cell: Cell): string; mode(scenario: string, mode: Mode): string }

/** The guarantees of a section by modes; each verdict leads to its evidence. */
export const sectionTable = ({ title, entries }: Section, { cells, modes }: Matrix, places: Places): Html =>
  modeTable(
    `${title}: guarantees by modes`,
    'guarantee',
    modes,
    entries.map(({ scenario, guarantee }) => ({
      head: html`${guarantee} <span class="id">${scenario.id}</span>`,
      cells: modes.map(mode =>
        verdictCell(
          tally(cells.filter(cell => cell.scenario === scenario.id && cell.mode === mode)),
          places.mode(scenario.id, mode),
        ),
      ),
    })),
  )

/** One scenario's links by modes. */
export const linksTable = ({ scenario, rows }: Entry, { cells, modes }: Matrix, places: Places): Html =>
  modeTable(
    `${scenario.id}: link by link`,
    'link',
    modes,
    rows.flatMap(({ link }) => {
      if (link === undefined) return []
      const of = cells.filter(cell => cell.scenario === scenario.id && cell.link === link)
      const verdict = (cell: Cell | undefined) =>
        cell ? verdictCell(tally([cell]), places.cell(cell)) : html`<td></td>`
      return [
        { head: html`${linkTitle(link)}`, cells: modes.map(mode => verdict(of.find(cell => cell.mode === mode))) },
      ]
    }),
  )

/** A table with a column for each mode. `cells` are whole `td` elements. */
export const modeTable = (
  caption: string,
  what: string,
  modes: readonly Mode[],
  rows: readonly { head: Html; cells: readonly Html[] }[],
): Html => html`<section class="scroll" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr><th scope="col">${what}</th>${modes.map(mode => html`<th scope="col">${mode}</th>`)}</tr></thead>
<tbody>
${rows.map(row => html`<tr><th scope="row">${row.head}</th>${row.cells}</tr>\n`)}</tbody>
</table></section>
`

/** `✓ holds`, coloured. */
export const verdictText = (sum: Tally): Html => {
  const { text, paint } =
    sum.verdict === 'mixed' ? { text: mixed(sum), paint: 'warn' as const } : verdictLook[sum.verdict]
  return html`<span class="${paint}">${text}</span>${sum.asExpected ? undefined : html` <strong class="warn" title="not as expected">!</strong>`}`
}

const verdictCell = (sum: Tally | undefined, place: string): Html => {
  if (!sum) return html`<td></td>`
  return html`<td><a href="#${place}">${verdictText(sum)}</a></td>`
}
