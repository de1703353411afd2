import { catalogue } from '../../scenarios/catalogue.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import { runMatrix } from '../../scenarios/runner.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { readUpWords, type UpWords } from '../options.ts'
import { createMatrixProgress } from '../progress.ts'
import { renderMatrix } from '../render/matrix.ts'
import { hold } from './up.ts'

/** Lab up, the matrix live through all modes, printed. On a terminal the lab then stays, else the verdict is the exit code. */
export const start = async (context: Context, words: UpWords): Promise<number> => {
  const { screen } = context
  let verdict: number = exit.ok
  const code = await hold(context, readUpWords(words), async ({ file }) => {
    const lab = await connectLab(file.access)
    try {
      screen.say('')
      const onProgress = createMatrixProgress(screen, text => void (screen.json || process.stdout.write(text)))
      const matrix = await runMatrix(lab, { onProgress })
      screen.say(`\n\n${renderMatrix(matrix, { ...screen, scenarios: catalogue })}`)
      screen.event({ event: 'matrix', matrix })
      verdict = matrix.asExpected ? exit.ok : exit.failed
    } finally {
      await lab.close()
    }
    if (!screen.live) return verdict
    screen.say(`\n${next(screen.paint.strong)}`)
    return undefined
  })
  return code === exit.ok ? verdict : code
}

const next = (strong: (text: string) => string): string =>
  [
    'The lab stays up. In another terminal here, try:',
    `  ${strong('./hop map')}                 every hop of one request, as both its ends saw it`,
    `  ${strong('./hop mode mtls')}           another mode, live`,
    `  ${strong('./hop request')}             one order, followed hop by hop`,
    `  ${strong('./hop run eavesdrop')}       one experiment, with its evidence`,
    'Ctrl-C ends it.',
  ].join('\n')
