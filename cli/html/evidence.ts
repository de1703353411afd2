import type { Cell, Evidence } from '../../scenarios/scenario.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import { hexDump } from './hex-dump.ts'
import { type Html, html } from './html.ts'

/** Why a cell came out as it did, and all that it rests on. */
export const cellBody = (cell: Cell): Html => {
  const { because, firstTry, asExpected, expected, verdict, evidence, control } = cell
  if (verdict === 'not-applicable' && evidence.length === 0) return html`<p>${because}</p>`
  return html`<p>${because}</p>
${firstTry === undefined ? undefined : html`<p class="quiet">Run twice; at first ${firstTry}</p>`}
${asExpected ? undefined : html`<p class="surprise">Expected: ${expected}</p>`}
${list('Observed', evidence)}
${list(control.passed ? 'Control passed' : 'Control FAILED: the verdict counts for nothing', control.evidence)}`
}

const list = (title: string, items: readonly Evidence[]): Html =>
  html`<h4>${title}</h4>
${items.length === 0 ? html`<p class="quiet">Nothing more was recorded.</p>` : items.map(figure)}`

const figure = ({ kind, title, where, text, hex }: Evidence): Html =>
  html`<figure>
<figcaption><span class="kind">${kind}</span> <bdi>${title}</bdi> <span class="quiet">${where.includes(':') ? linkTitle(where) : where}</span></figcaption>
${text === undefined ? undefined : html`<pre><bdi>${text}</bdi></pre>`}
${hex ? html`<pre class="hex" tabindex="0" aria-label="bytes">${hexDump(hex)}</pre>` : undefined}
</figure>
`
