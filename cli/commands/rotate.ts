import { HopError } from '../../pki/error.ts'
import { orderOf } from '../../services/control/certificates/rotation-order.ts'
import { rotationInProgress } from '../../services/control/certificates/rotation-problems.ts'
import {
  type CarelessOrder,
  type RotationOutcome,
  type RotationRow,
  type RotationStep,
  type RotationSubject,
  rotationSteps,
} from '../../services/control/certificates/rotation-steps.ts'
import { choose, givenAlone } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { exit } from '../exit.ts'
import { unlessInterrupted } from '../interrupted.ts'
import { rotationLine } from '../render/rotation.ts'
import { duration } from '../render/words.ts'

export type RotateWords = { step?: boolean; stopAt?: string; back?: boolean; careless?: string }

/** Replaces a CA, or goes on with the rotation under way, or back; tells each step. */
export const rotate = (context: Context, word: string | undefined, words: RotateWords): Promise<number> => {
  const { screen } = context
  const { back = false, step = false } = words
  const careless =
    words.careless === undefined
      ? undefined
      : choose<CarelessOrder>('order', words.careless, ['reissue-first', 'distrust-first'], '--careless')
  const given =
    words.stopAt === undefined ? undefined : choose<RotationStep>('step', words.stopAt, rotationSteps, '--stop-at')
  const what = word === undefined ? undefined : choose<RotationSubject>('ca', word, ['root', 'intermediate'])
  if (back) givenAlone('--back', { '--step': step, '--stop-at': given, '--careless': careless })
  if (step && given) throw usage('--step', 'to be given without --stop-at', 'both')
  if (!back && what === undefined) throw usage('ca', 'root or intermediate', 'nothing')
  return withLab(context, async lab => {
    const began = performance.now()
    const { rotation } = await lab.lifecycle.trust()
    if (back && what && rotation && rotation.what !== what)
      throw rotationInProgress(rotation, `${what} to go back with`)
    const stopAt = step ? nextStep(rotation, careless ?? null) : given
    const onProgress = (progress: Parameters<typeof rotationLine>[0]) => {
      screen.event(progress)
      screen.say(rotationLine(progress))
    }
    const rotating = back
      ? lab.lifecycle.rotateBack(onProgress)
      : lab.lifecycle.rotate(what!, {
          onProgress,
          ...(stopAt === undefined ? {} : { stopAt }),
          ...(careless === undefined ? {} : { careless }),
        })
    const outcome = await unlessInterrupted(rotating, {
      remedy: back
        ? 'hop state shows how far it came; hop rotate --back goes on with the way back'
        : 'hop state shows how far it came; hop rotate --back goes back while it can',
    })
    const ms = Math.round(performance.now() - began)
    screen.event({ done: true, ...outcome, ms })
    screen.say(endLine(outcome, back || rotation?.back === true, ms, screen.paint.strong))
    return exit.ok
  })
}

/** The step after the one that was reached; the one under way where it was not. */
const nextStep = (row: RotationRow | null, careless: CarelessOrder | null): RotationStep => {
  const order = orderOf(row ? row.careless : careless)
  if (!row) return order[0]!
  return row.reached ? (order[order.indexOf(row.step) + 1] ?? row.step) : row.step
}

const endLine = ({ what, heldAt }: RotationOutcome, back: boolean, ms: number, strong: (text: string) => string) => {
  if (heldAt)
    return `Holding after ${heldAt}, ${duration(ms)}. hop rotate ${what} goes on, hop rotate --back goes back.`
  return back
    ? `Back to the ${what} that was, after ${duration(ms)}`
    : `A new ${strong(what)} everywhere and the old one gone after ${duration(ms)}`
}

const usage = (field: string, expected: string, found: string) =>
  new HopError('usage', { field, expected, found, remedy: 'hop rotate --help has an example' })
