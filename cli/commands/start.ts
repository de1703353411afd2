import { catalogue } from '../../scenarios/catalogue.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import { runMatrix } from '../../scenarios/runner.ts'
import { alone } from '../alone.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { putBack, standOf } from '../kept-lab.ts'
import { readUpWords, stateDirOf, type UpWords } from '../options.ts'
import { createMatrixProgress } from '../progress.ts'
import { renderMatrix } from '../render/matrix.ts'
import { keep } from '../verdicts.ts'
import { type Business, hold } from './up.ts'

/** Lab up, the matrix live through all modes, printed. On a terminal the lab then stays, else the verdict is the exit code. */
export const start = async (context: Context, words: UpWords): Promise<number> => {
  const { screen } = context
  let verdict: number = exit.ok
  let putLabBack = async () => {}
  const business: Business = async ({ file }) => {
    const lab = await connectLab(file.access)
    const before = await standOf(lab)
    putLabBack = async () => {
      await lab.close()
      await putBack(file.access, before)
    }
    try {
      screen.say('')
      const onProgress = createMatrixProgress(screen, process.stdout)
      const matrix = await alone(context.stateDir, () => runMatrix(lab, { onProgress }))
      keep(context, matrix)
      screen.say(`\n${renderMatrix(matrix, { ...screen, scenarios: catalogue })}`)
      screen.event({ event: 'matrix', matrix })
      verdict = matrix.asExpected ? exit.ok : exit.failed
    } finally {
      await lab.close()
    }
    if (!screen.live) return verdict
    screen.say(`\n${next(screen.paint.strong, where(context.stateDir))}`)
    return undefined
  }
  const code = await hold(context, readUpWords(words), business, () => putLabBack())
  return code === exit.ok ? verdict : code
}

/** How another terminal is to name this lab. */
const where = (stateDir: string): string =>
  stateDir === stateDirOf(undefined, process.env) ? '' : ` --state ${stateDir}`

const next = (strong: (text: string) => string, here: string): string =>
  [
    `The lab stays up. In another terminal here${here === '' ? '' : `, always with${here}`}, try:`,
    `  ${strong('./hop map')}                 every hop of one request, as both its ends saw it`,
    `  ${strong('./hop mode mtls')}           another mode, live`,
    `  ${strong('./hop request')}             one request, followed hop by hop`,
    `  ${strong('./hop run eavesdrop')}       one experiment, with its evidence`,
    `  ${strong('./hop explain eavesdrop')}   the same in a paragraph`,
    `  ${strong('./hop matrix --links')}      every guarantee on every link`,
    `  ${strong('./hop claims')}              what all this shows`,
    'Ctrl-C ends it.',
  ].join('\n')
