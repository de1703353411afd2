import { createHash } from 'node:crypto'
import { version } from '../../lab/version.ts'
import { claims } from '../../scenarios/claims.ts'
import type { Matrix } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { tally } from '../../scenarios/tally.ts'
import type { Mode } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import { count, duration, moment } from '../render/words.ts'
import { type Entry, type Section, sectionsOf } from '../sections.ts'
import { costsSection } from './costs.ts'
import { cellBody } from './evidence.ts'
import { type Html, html, trusted } from './html.ts'
import { style } from './style.ts'
import { linksTable, type Places, sectionTable, verdictText } from './tables.ts'

export type PageLook = { scenarios: readonly Scenario[]; kept?: boolean }

/** A matrix with the evidence behind each cell, as one page that needs nothing else: no script, no request, any browser. */
export const renderPage = (matrix: Matrix, { scenarios, kept }: PageLook): string => {
  const sections = sectionsOf(matrix, scenarios)
  const places = placesIn(matrix.cells)
  const title = `Guarantees by modes: ${matrix.topology}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Hop by Hop ${version}">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${sumOf(matrix, kept)}</p>
<p class="quiet">Holds, broken: put to the test, with a control that must come out the other way. n/a: nothing there to hold on to. Unclear: the control failed. ◐ 3/5: holds on three of the five links it applies to. !: not as expected. Every verdict leads to what was observed.</p>
<nav aria-label="Sections"><ul>${sections.map((section, i) => html`<li><a href="#section-${i}">${section.title}</a></li>`)}${matrix.costs ? html`<li><a href="#costs">What it costs</a></li>` : undefined}</ul></nav>
</header>
<main>
${sections.map((section, i) => sectionOf(section, `section-${i}`, matrix, places))}${costsSection(matrix)}</main>
</body>
</html>
`.markup
}

/** Nothing may be loaded, run, sent or framed; only our own style sheet counts. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Numbered, because names in a topology are not ours. */
const placesIn = (cells: readonly Cell[]): Places => {
  const numbers = new Map(cells.map((cell, i) => [cell, i]))
  return { cell: cell => `cell-${numbers.get(cell)}`, mode: (scenario, mode) => `${scenario}--${mode}` }
}

const sumOf = ({ cells, unexpected, startedAt, ms }: Matrix, kept = false): string =>
  [
    count(cells.length, 'cell'),
    unexpected === 0 ? 'all as expected' : `${unexpected} not as expected`,
    `observed ${kept ? 'until ' : ''}${moment(startedAt)}${kept ? '' : ` in ${duration(ms)}`}`,
  ].join(', ')

const sectionOf = (section: Section, id: string, matrix: Matrix, places: Places): Html => html`<section id="${id}">
<h2>${section.title}</h2>
${sectionTable(section, matrix, places)}
${section.entries.map(entry => entryOf(entry, id, matrix, places))}</section>
`

/** What browsers open by themselves when a link leads into it. `table`: where its section's table is. */
const entryOf = (entry: Entry, table: string, matrix: Matrix, places: Places): Html => {
  const { title, id, explanation, claims: shows } = entry.scenario
  return html`<details>
<summary>${title} <span class="id">${id}</span></summary>
<p>${explanation}</p>
<ul class="claims">${shows.map(claim => html`<li><b>${claim}</b> ${claims[claim]}</li>`)}</ul>
${entry.scenario.per === 'link' ? linksTable(entry, matrix, places) : undefined}
${matrix.modes.map(mode => modeOf(entry, mode, table, matrix, places))}</details>
`
}

const modeOf = ({ scenario: { id } }: Entry, mode: Mode, table: string, { cells }: Matrix, places: Places): Html => {
  const own = cells.filter(cell => cell.scenario === id && cell.mode === mode)
  const sum = tally(own)
  if (!sum) return html``
  return html`<section id="${places.mode(id, mode)}">
<h3>${mode}: ${verdictText(sum)} <a class="back" href="#${table}" aria-label="back to the table">↑ table</a></h3>
${own.map(cell => (cell.link === undefined ? wholeCell(cell, places) : linkCell(cell, cell.link, places)))}</section>
`
}

const wholeCell = (cell: Cell, places: Places): Html => html`<div id="${places.cell(cell)}">${cellBody(cell)}</div>
`

const linkCell = (cell: Cell, link: string, places: Places): Html => html`<details>
<summary>${linkTitle(link)}: ${verdictText(tally([cell])!)}</summary>
<div id="${places.cell(cell)}">${cellBody(cell)}</div>
</details>
`
