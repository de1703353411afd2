import { observeCalls } from '../../scenarios/calls.ts'
import { presence } from '../../scenarios/flows/presence.ts'
import { choose } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { renderCalls } from '../render/calls.ts'
import { unheard } from '../render/words.ts'

export type CallsWords = { denied?: boolean }

/** Who called a workload, or all of them: as whom, proven by what, by which rule. Fails where one could not be asked. */
export const calls = (context: Context, word: string | undefined, { denied }: CallsWords): Promise<number> =>
  withLab(context, async lab => {
    const { screen } = context
    const workload = word === undefined ? undefined : choose('workload', word, Object.keys(lab.topology.workloads))
    const { here, away } = workload === undefined ? await presence(lab) : { here: [workload], away: [] }
    const all = await observeCalls(lab, here)
    const asked = denied ? all.filter(call => call.denied !== undefined) : all
    screen.answer(asked, () => renderCalls(asked, screen))
    for (const line of unheard(away)) screen.aside(line)
    return away.length > 0 ? exit.failed : exit.ok
  })
