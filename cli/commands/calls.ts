import { observeCalls } from '../../scenarios/calls.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderCalls } from '../render/calls.ts'

export type CallsWords = { denied?: boolean }

/** Who called a workload, or all of them: as whom, proven by what, by which rule. */
export const calls = (context: Context, word: string | undefined, { denied }: CallsWords): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const workload = word === undefined ? undefined : choose('workload', word, Object.keys(lab.topology.workloads))
    const all = await observeCalls(lab, workload)
    const asked = denied ? all.filter(call => call.denied !== undefined) : all
    screen.answer(asked, () => renderCalls(asked, screen))
    return exit.ok
  })
