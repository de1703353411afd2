import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'

/** Has a workload renew everything it holds, now. */
export const renew = (context: Context, word: string): Promise<number> =>
  withLab(context, async lab => {
    const name = choose('workload', word, Object.keys(lab.topology.workloads))
    await lab.lifecycle.renew(name)
    context.screen.answer({ renewed: name }, () => `${context.screen.paint.strong(name)} holds new certificates`)
    return exit.ok
  })
