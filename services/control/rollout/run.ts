import { setTimeout as wait } from 'node:timers/promises'
import type { Intent } from '../state/intent.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import type { CallerWatch } from './caller-watch.ts'
import type { ErrorWatch } from './error-watch.ts'
import type { RolloutGuard } from './guard-settings.ts'
import { callersRemain } from './problems.ts'
import type { Outcome, Watch } from './progress.ts'
import type { Publisher } from './publisher.ts'
import { type Step, steps } from './steps.ts'

/** How one run of a rollout goes: who is told, what ends it, how long each step may take, and who counts errors. */
export type Going = {
  tell: Watch
  signal: AbortSignal
  timeoutMs: number | undefined
  errors: ErrorWatch | undefined
}

type Parts = { intent: Intent; publisher: Publisher; acknowledgements: Acknowledgements; callers: CallerWatch }

/** Is it at rest where it was told to stop? */
export const isHeld = ({ reached, stopAt, step }: RolloutRow): boolean => reached && stopAt === step

/**
 * Goes from the row on disk to the end, each step stored before it is published. A guarded one looks before it narrows.
 * Throws the signal's reason, what acknowledgements throw, `rollout-callers-remain` and `rollout-unobserved`.
 */
export const createRunner = ({ intent, publisher, acknowledgements, callers }: Parts) => {
  const reach = async (row: RolloutRow, { tell, signal, timeoutMs }: Going): Promise<void> => {
    const { step, from, to } = row
    const began = performance.now()
    tell({ type: 'step', step, from, to, waitingFor: acknowledgements.behind(step) })
    await acknowledgements.of(step, signal, timeoutMs)
    intent.setRollout({ ...row, reached: true })
    tell({ type: 'reached', step, ms: Math.round(performance.now() - began) })
  }

  const observe = async (row: RolloutRow, guard: RolloutGuard, { tell, signal, errors }: Going): Promise<void> => {
    if (row.step !== 'move') return lookAt(errors, signal)
    const marks = await callers.mark()
    tell({ type: 'observing', step: row.step, ms: guard.observeMs })
    await wait(guard.observeMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    await lookAt(errors, signal)
    if (row.stopAt === row.step) return
    const lasting = await callers.since(marks, row)
    signal.throwIfAborted()
    if (lasting.length === 0) return
    intent.setRollout({ ...row, reached: true, stopAt: row.step })
    tell({ type: 'callers', callers: lasting })
    throw callersRemain(lasting)
  }

  const advance = (row: RolloutRow): void => {
    const step: Step | undefined = steps[steps.indexOf(row.step) + 1]
    intent.setRollout(step && { ...row, step, reached: false, moved: [] })
    if (!step) intent.setMode(row.to)
  }

  return async (going: Going): Promise<Outcome> => {
    const { signal, timeoutMs, errors } = going
    await errors?.restart()
    signal.throwIfAborted()
    publisher.publish(undefined, acknowledgements.refused())
    for (let row = intent.rollout(); row; row = intent.rollout()) {
      if (!row.reached) await reach(row, going)
      if (row.guard) await observe(row, row.guard, going)
      if (row.stopAt === row.step) return { mode: row.from, heldAt: row.step }
      const reached = row
      await errors?.restart()
      signal.throwIfAborted()
      publisher.publish(() => advance(reached))
    }
    await acknowledgements.of('narrow', signal, timeoutMs)
    return { mode: intent.mode() }
  }
}

const lookAt = async (errors: ErrorWatch | undefined, signal: AbortSignal): Promise<void> => {
  await errors?.look()
  signal.throwIfAborted()
}
