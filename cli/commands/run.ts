import { catalogue } from '../../scenarios/catalogue.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import { runMatrix, runScenario } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { choose, chooseModes } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { withLabKept } from '../kept-lab.ts'
import { progressTo } from '../progress.ts'
import { renderCells } from '../render/cells.ts'
import { summary } from '../render/matrix.ts'
import { keep } from '../verdicts.ts'

/** One experiment or all, in the present mode or in others; the lab is left in the mode it was in. */
export const run = async (context: Context, word: string, words: { mode?: string }): Promise<number> => {
  const scenarios = chosen(word)
  const modes = words.mode === undefined ? undefined : chooseModes(words.mode)
  return withLabKept(context, async lab => {
    const { screen } = context
    const began = performance.now()
    const startedAt = new Date().toISOString()
    const cells = modes
      ? (await runMatrix(lab, { modes, scenarios, costs: false, onProgress: progressTo(screen) })).cells
      : await runHere(lab, scenarios)
    if (modes) screen.aside('')
    keep(context, { topology: lab.topology.name, startedAt, cells })
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
