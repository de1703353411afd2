import { catalogue } from '../../scenarios/catalogue.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import { runMatrix, runScenario } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { choose, chooseModes } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { createMatrixProgress } from '../progress.ts'
import { renderCells } from '../render/cells.ts'
import { renderMatrix, summary } from '../render/matrix.ts'
import { table } from '../render/table.ts'
import type { Screen } from '../screen.ts'

/** One experiment or all, in the present mode or in others; the lab is left in the mode it was in. */
export const run = async (context: Context, word: string, words: { mode?: string }): Promise<number> => {
  const scenarios = chosen(word)
  const modes = words.mode === undefined ? undefined : chooseModes(words.mode)
  return withLab(context, async lab => {
    const { screen } = context
    const began = performance.now()
    const cells = modes
      ? (await runMatrix(lab, { modes, scenarios, onProgress: progressTo(screen) })).cells
      : await runHere(lab, scenarios)
    if (modes) screen.aside('')
    const unexpected = cells.filter(cell => !cell.asExpected).length
    const ms = Math.round(performance.now() - began)
    screen.answer({ asExpected: unexpected === 0, unexpected, ms, cells }, () => {
      const look = { ...screen, evidence: scenarios.length === 1 }
      const parts = scenarios.map(scenario => renderCells(scenario, ofScenario(cells, scenario), look))
      return [...parts, summary({ cells, unexpected, ms }, screen.paint)].join('\n\n')
    })
    return unexpected === 0 ? exit.ok : exit.failed
  })
}

/** Everything in every mode (or in some), live. */
export const matrix = async (context: Context, words: { mode?: string }): Promise<number> => {
  const modes = chooseModes(words.mode ?? 'all')
  return withLab(context, async lab => {
    const { screen } = context
    const made = await runMatrix(lab, { modes, onProgress: progressTo(screen) })
    screen.aside('\n')
    screen.answer(made, () => renderMatrix(made, { ...screen, scenarios: catalogue }))
    return made.asExpected ? exit.ok : exit.failed
  })
}

/** The catalogue. Needs no lab. */
export const scenarios = async ({ screen }: Context): Promise<number> => {
  const list = catalogue.map(({ id, title, guarantee, claims, per }) => ({ id, title, guarantee, claims, per }))
  screen.answer(list, () =>
    table(
      [{ title: 'scenario' }, { title: 'question', wrap: true }, { title: 'claims' }],
      list.map(({ id, title, claims }) => [screen.paint.strong(id), title, claims.join(' ')]),
      { width: screen.columns, dim: screen.paint.dim },
    ),
  )
  return exit.ok
}

const chosen = (word: string): readonly Scenario[] => {
  const ids = catalogue.map(({ id }) => id)
  const id = choose('scenario', word, [...ids, 'all'])
  return id === 'all' ? catalogue : catalogue.filter(scenario => scenario.id === id)
}

const runHere = async (lab: LabClient, scenarios: readonly Scenario[]): Promise<Cell[]> => {
  const cells: Cell[] = []
  for (const scenario of scenarios) cells.push(...(await runScenario(lab, scenario)))
  return cells
}

const ofScenario = (cells: readonly Cell[], { id }: Scenario): Cell[] => cells.filter(cell => cell.scenario === id)

/** Progress is no part of the answer, and programs get one document. */
const progressTo = (screen: Screen) =>
  createMatrixProgress({ ...screen, event: () => {} }, text => void (screen.json || process.stderr.write(text)))
