import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { duration } from '../render/words.ts'

/** Lets a workload in again whose certificates were revoked. */
export const reenrol = (context: Context, word: string): Promise<number> => {
  const { screen } = context
  return withLab(context, async lab => {
    const name = choose('workload', word, Object.keys(lab.topology.workloads))
    const { ms } = await lab.lifecycle.reenrol(name)
    screen.answer(
      { reenrolled: name, ms },
      () => `${screen.paint.strong(name)} enrolled anew, with a new key, and does as told after ${duration(ms)}`,
    )
    return exit.ok
  })
}
