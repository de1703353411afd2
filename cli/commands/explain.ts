import { isLabThere } from '../../lab/state-file.ts'
import { findScenario } from '../../scenarios/catalogue.ts'
import type { LabClient } from '../../scenarios/lab-client.ts'
import { runMatrix } from '../../scenarios/runner.ts'
import type { Cell, Scenario } from '../../scenarios/scenario.ts'
import { modes as allModes, type Mode } from '../../services/modes.ts'
import { chooseModes } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { howItCameOut, whatIsTried } from '../explain/prose.ts'
import { withLabKept } from '../kept-lab.ts'
import { wrap } from '../render/table.ts'
import { keep, lastOf } from '../verdicts.ts'
import { readVerdicts, type Verdicts } from '../verdicts-file.ts'

export type ExplainWords = { mode?: string; fresh?: boolean }

/** The cells of one mode. `observedAt`: absent for a run just made. */
type Told = { mode: Mode; cells: readonly Cell[]; observedAt?: string }

/** One experiment in prose, from the last verdicts; what has none, or with `--fresh` everything, is run first. */
export const explain = async (context: Context, word: string, words: ExplainWords): Promise<number> => {
  const { screen, stateDir } = context
  const scenario = findScenario(word)
  const { id } = scenario
  const asked = words.mode === undefined ? undefined : chooseModes(words.mode)
  const verdicts = words.fresh ? undefined : readVerdicts(stateDir)
  const told =
    (isLabThere(stateDir) ? undefined : lookUp(verdicts, scenario, asked)) ??
    (await withLabKept(context, lab => observe(context, lab, scenario, asked, verdicts)))
  const intro = whatIsTried(scenario)
  const outcomes = told.map(({ mode, cells, observedAt }) => howItCameOut(mode, cells, observedAt))
  screen.answer(
    {
      ...{ scenario: id, title: scenario.title, guarantee: scenario.guarantee, claims: scenario.claims, tried: intro },
      modes: told.map((each, i) => ({ ...each, observedAt: each.observedAt ?? null, explanation: outcomes[i] })),
    },
    () => {
      const paragraphs = outcomes.length === 1 ? [`${intro} ${outcomes[0]}`] : [intro, ...outcomes]
      const head = `${screen.paint.strong(scenario.title)}${screen.paint.dim(`  ${id}`)}`
      return [head, ...paragraphs.map(text => wrap(text, screen.columns).join('\n'))].join('\n\n')
    },
  )
  return told.every(({ cells }) => cells.every(({ asExpected }) => asExpected)) ? exit.ok : exit.failed
}

/** The last verdicts in these modes, or in any; undefined where one is missing. */
const lookUp = (
  verdicts: Verdicts | undefined,
  { id }: Scenario,
  asked: readonly Mode[] | undefined,
): Told[] | undefined => {
  const found = (asked ?? allModes).flatMap(mode => {
    const cells = verdicts?.cells.filter(cell => cell.scenario === id && cell.mode === mode) ?? []
    return cells.length === 0 ? [] : [{ mode, cells, observedAt: lastOf(cells) }]
  })
  return found.length === 0 || (asked && found.length < asked.length) ? undefined : found
}

/** The modes asked for, or the lab's present one; verdicts of another topology do not count. */
const observe = async (
  context: Context,
  lab: LabClient,
  scenario: Scenario,
  asked: readonly Mode[] | undefined,
  verdicts: Verdicts | undefined,
): Promise<Told[]> => {
  const modes = asked ?? [(await lab.state()).mode]
  const own = verdicts?.topology === lab.topology.name ? verdicts : undefined
  const known = modes.flatMap(mode => lookUp(own, scenario, [mode]) ?? [])
  const missing = modes.filter(mode => !known.some(told => told.mode === mode))
  if (missing.length === 0) return known
  const made = await runMatrix(lab, { modes: missing, scenarios: [scenario] })
  keep(context, made)
  const fresh = missing.map(mode => ({ mode, cells: made.cells.filter(cell => cell.mode === mode) }))
  return modes.flatMap(mode => [...known, ...fresh].filter(told => told.mode === mode))
}
