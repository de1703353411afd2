import { findLab } from '../../lab/state-file.ts'
import { HopError } from '../../pki/error.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { describe } from '../lab-process.ts'
import { renderAudit, renderState } from '../render/state.ts'

/** What the lab is told to be, and who did as told. */
export const state = (context: Context): Promise<number> =>
  withLab(context, async lab => {
    const { screen, stateDir } = context
    const file = findLab(stateDir)
    const { bundle: _, ...control } = await lab.state()
    screen.answer({ ...describe(stateDir, file), ...control }, () =>
      renderState({ ...control, bundle: '' }, file, screen),
    )
    return exit.ok
  })

/** Who did what. */
export const audit = (context: Context, words: { since?: string }): Promise<number> => {
  const { since = '0' } = words
  if (!/^\d{1,15}$/.test(since))
    throw new HopError('usage', { field: '--since', expected: 'the number of an entry', found: JSON.stringify(since) })
  return withLab(context, async lab => {
    const entries = await lab.audit(Number(since))
    context.screen.answer(entries, () => renderAudit(entries, context.screen))
    return exit.ok
  })
}
