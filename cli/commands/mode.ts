import { findLab } from '../../lab/state-file.ts'
import type { Step } from '../../services/control/rollout/steps.ts'
import { alone } from '../alone.ts'
import { choose, chooseMode } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { rolloutLine } from '../progress.ts'
import { renderModes } from '../render/state.ts'
import { rollOut } from '../roll-out.ts'

/** Without a mode: which one it is. With one: goes there live, telling each step. */
export const mode = async (context: Context, word: string | undefined, words: { stopAt?: string }): Promise<number> => {
  const { screen } = context
  if (word === undefined)
    return withLab(context, async lab => {
      const state = await lab.state()
      const { mode: now, rollout, settled } = state
      screen.answer({ mode: now, rollout, settled }, () => renderModes(state, screen))
      return exit.ok
    })
  const stopAt = words.stopAt === undefined ? undefined : choose<Step>('step', words.stopAt, ['widen', 'move'])
  const wanted = { mode: chooseMode(word), ...(stopAt && { stopAt }) }
  findLab(context.stateDir)
  return alone(context.stateDir, () => tell(context, wanted))
}

/** Back to where the rollout under way came from. */
export const rollback = (context: Context): Promise<number> => tell(context, 'back')

const tell = async ({ stateDir, screen }: Context, what: Parameters<typeof rollOut>[1]): Promise<number> => {
  const began = performance.now()
  const outcome = await rollOut(findLab(stateDir).access, what, progress => {
    screen.event(progress)
    screen.say(rolloutLine(progress))
  })
  const ms = Math.round(performance.now() - began)
  screen.event({ done: true, ...outcome, ms })
  const { paint } = screen
  screen.say(
    outcome.heldAt
      ? `Holding after ${outcome.heldAt}: both ways are open now. hop mode goes on, hop rollback goes back.`
      : `${paint.strong(outcome.mode)} everywhere after ${ms} ms`,
  )
  return exit.ok
}
