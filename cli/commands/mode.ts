import { findLab } from '../../lab/state-file.ts'
import { HopError } from '../../pki/error.ts'
import type { Outcome, Progress } from '../../services/control/rollout/progress.ts'
import type { Step } from '../../services/control/rollout/steps.ts'
import type { Mode } from '../../services/modes.ts'
import { alone } from '../alone.ts'
import { choose, chooseMode } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { unlessInterrupted } from '../interrupted.ts'
import { rolloutLine } from '../progress.ts'
import { renderModes } from '../render/state.ts'

/** Without a mode: which one it is. With one: goes there live, telling each step. */
export const mode = async (context: Context, word: string | undefined, words: { stopAt?: string }): Promise<number> => {
  const { screen } = context
  if (word === undefined && words.stopAt !== undefined)
    throw new HopError('usage', {
      field: 'mode',
      expected: 'the mode to go to, with --stop-at',
      found: 'nothing',
      remedy: 'hop mode --help shows what there is',
    })
  if (word === undefined)
    return withLab(context, async lab => {
      const state = await lab.state()
      const { mode: now, rollout, settled } = state
      screen.answer({ mode: now, rollout, settled }, () => renderModes(state, screen))
      return exit.ok
    })
  const stopAt =
    words.stopAt === undefined ? undefined : choose<Step>('step', words.stopAt, ['widen', 'move'], '--stop-at')
  const wanted = chooseMode(word)
  findLab(context.stateDir)
  return alone(context.stateDir, () =>
    withLab(context, lab =>
      tellSwitch(
        context,
        wanted,
        onProgress => lab.switchMode(wanted, onProgress, stopAt ? { stopAt } : {}),
        'hop mode',
      ),
    ),
  )
}

/** Back to where the rollout under way came from. */
export const rollback = (context: Context): Promise<number> =>
  withLab(context, lab => tellSwitch(context, undefined, lab.rollback, 'hop rollback'))

/** Tells each step of a change of mode, and where it ended. `goesOn`: the command that goes on from where it holds. */
export const tellSwitch = async (
  { screen }: Context,
  to: Mode | undefined,
  change: (onProgress: (progress: Progress) => void) => Promise<Outcome>,
  goesOn: string,
): Promise<number> => {
  const began = performance.now()
  const changing = change(progress => {
    screen.event(progress)
    screen.say(rolloutLine(progress))
  })
  const outcome = await unlessInterrupted(changing, {
    remedy: 'hop state shows how far it came; hop rollback goes back from where it holds',
  })
  const ms = Math.round(performance.now() - began)
  screen.event({ done: true, ...outcome, ms })
  const { paint } = screen
  const next = `${goesOn}${to === undefined ? '' : ` ${to}`} goes on, hop rollback goes back.`
  screen.say(
    outcome.heldAt
      ? `Holding after ${outcome.heldAt}: both ways are open now. ${next}`
      : `${paint.strong(outcome.mode)} everywhere after ${ms} ms`,
  )
  return exit.ok
}
