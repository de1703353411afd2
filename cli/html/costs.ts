import type { Matrix } from '../../scenarios/runner.ts'
import { type CostRow, costRows } from '../render/costs.ts'
import { type Html, html } from './html.ts'
import { modeTable } from './tables.ts'

/** What the guarantees cost; behind each number what was counted, where it has names. */
export const costsSection = ({ costs, modes, bestFit }: Matrix): Html => {
  if (!costs) return html``
  const rows = costRows(costs, modes)
  return html`<section id="costs">
<h2>What it costs</h2>
${modeTable(
  'Counts by modes',
  'count',
  modes,
  rows.map(({ title, counts }) => ({ head: html`${title}`, cells: counts.map(cell) })),
)}
${bestFit ? html`<p>${bestFit.says}</p>` : undefined}
</section>
`
}

const cell = (cost: CostRow['counts'][number]): Html => {
  if (!cost) return html`<td>–</td>`
  if (cost.what.length === 0) return html`<td class="number">${cost.count}</td>`
  return html`<td class="number"><details><summary>${cost.count}</summary><ul>${cost.what.map(name => html`<li>${name}</li>`)}</ul></details></td>`
}
