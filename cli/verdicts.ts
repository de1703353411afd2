import { HopError } from '../pki/error.ts'
import { catalogue } from '../scenarios/catalogue.ts'
import type { Matrix } from '../scenarios/runner.ts'
import { type Cell, guaranteeOn } from '../scenarios/scenario.ts'
import { modes as allModes, type Mode } from '../services/modes.ts'
import type { Context } from './command.ts'
import { type KeptCell, readVerdicts, type Verdicts, writeVerdicts } from './verdicts-file.ts'

/** What came out of one run. */
export type Run = Pick<Matrix, 'topology' | 'startedAt' | 'costs'> & { cells: readonly Cell[] }

/**
 * Keeps what came out for `hop claims`, `hop explain` and `hop matrix --kept`. Where that cannot be done it is said and
 * no more: the run has its answer.
 */
export const keep = ({ stateDir, screen }: Context, run: Run): void => {
  try {
    writeVerdicts(stateDir, merged(earlier(stateDir), run))
  } catch (error) {
    if (!(error instanceof HopError)) throw error
    screen.aside(`${screen.paint.warn('!')} The verdicts were not kept. ${error.message}`)
  }
}

/** A scenario that ran again in a mode leaves nothing of its earlier run there; another topology leaves nothing at all. */
export const merged = (before: Verdicts | undefined, { topology, startedAt, cells, costs }: Run): Verdicts => {
  const ranAgain = new Set(cells.map(runOf))
  const own = before?.topology === topology ? before : undefined
  const kept = (own?.cells ?? []).filter(cell => !ranAgain.has(runOf(cell)))
  const counted = { ...own?.costs, ...costs }
  return {
    topology,
    cells: [...kept, ...cells.map(cell => ({ ...cell, observedAt: startedAt }))],
    ...(Object.keys(counted).length > 0 ? { costs: counted } : {}),
  }
}

/** The kept cells of scenarios there are, as a matrix of the modes they were observed in (or of those asked for). */
export const matrixOf = ({ topology, cells, costs }: Verdicts, asked: readonly Mode[] = allModes): Matrix => {
  const known = catalogue.flatMap(({ id }) => cells.filter(cell => cell.scenario === id && asked.includes(cell.mode)))
  const rows = catalogue.flatMap(scenario =>
    [...new Set(known.filter(cell => cell.scenario === scenario.id).map(({ link }) => link))].map(link => ({
      ...{ scenario: scenario.id, guarantee: guaranteeOn(scenario, link) },
      ...(link === undefined ? {} : { link }),
    })),
  )
  const unexpected = known.filter(cell => !cell.asExpected).length
  return {
    topology,
    startedAt: lastOf(known),
    ms: 0,
    modes: allModes.filter(mode => known.some(cell => cell.mode === mode)),
    rows,
    cells: known,
    asExpected: unexpected === 0,
    unexpected,
    ...(costs && { costs }),
  }
}

/** When the latest of the cells was observed. */
export const lastOf = (cells: readonly KeptCell[]): string =>
  cells.reduce((last, { observedAt }) => (observedAt > last ? observedAt : last), '')

const runOf = ({ scenario, mode }: Cell): string => `${scenario} ${mode}`

/** A file of another format is replaced. */
const earlier = (stateDir: string): Verdicts | undefined => {
  try {
    return readVerdicts(stateDir)
  } catch (error) {
    if (error instanceof HopError && error.code === 'verdicts-other-format') return undefined
    throw error
  }
}
