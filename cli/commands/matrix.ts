import { HopError } from '../../pki/error.ts'
import { catalogue } from '../../scenarios/catalogue.ts'
import { type Matrix, runMatrix } from '../../scenarios/runner.ts'
import { modes as allModes, type Mode } from '../../services/modes.ts'
import { chooseModes } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { renderPage } from '../html/page.ts'
import { preparePage } from '../html/page-file.ts'
import { withLabKept } from '../kept-lab.ts'
import { progressTo } from '../progress.ts'
import { renderMatrix } from '../render/matrix.ts'
import { shown } from '../render/words.ts'
import { keep, matrixOf } from '../verdicts.ts'
import { readVerdicts } from '../verdicts-file.ts'

export type MatrixWords = { mode?: string; links?: boolean; html?: string; kept?: boolean }

/** Everything in every mode (or in some), live, or as it came out last; with `--html` as a page too. */
export const matrix = async (context: Context, words: MatrixWords): Promise<number> => {
  const { screen } = context
  const { links = false, kept = false } = words
  const modes = chooseModes(words.mode ?? 'all')
  const page = words.html === undefined ? undefined : preparePage(words.html)
  const made = kept ? lastMatrix(context, modes) : await liveMatrix(context, modes)
  const text = () => renderMatrix(made, { ...screen, scenarios: catalogue, links, kept })
  try {
    page?.write(renderPage(made, { scenarios: catalogue, kept }))
  } catch (error) {
    screen.say(text())
    throw error
  }
  screen.answer({ ...made, ...(page && { html: page.path }) }, () =>
    [text(), ...(page ? [`The page with the evidence: ${shown(page.path, 4096)}`] : [])].join('\n'),
  )
  return made.asExpected ? exit.ok : exit.failed
}

const liveMatrix = (context: Context, modes: readonly Mode[]): Promise<Matrix> =>
  withLabKept(context, async lab => {
    const made = await runMatrix(lab, { modes, onProgress: progressTo(context.screen) })
    context.screen.aside('')
    keep(context, made)
    return made
  })

const lastMatrix = ({ stateDir }: Context, modes: readonly Mode[]): Matrix => {
  const verdicts = readVerdicts(stateDir)
  const made = verdicts && matrixOf(verdicts, modes)
  if (made && made.cells.length > 0) return made
  const which = modes.length === allModes.length ? '' : ` in ${modes.join(', ')}`
  throw new HopError('no-verdicts', {
    field: `state directory ${stateDir}`,
    expected: `verdicts of earlier runs${which}`,
    found: 'none',
    remedy: 'Make some with: hop up --detach && hop matrix',
  })
}
