import { findLab, runningLab } from '../../lab/state-file.ts'
import type { Lesson } from '../../labs/lesson.ts'
import { keepProgress, readProgress } from '../../labs/progress-file.ts'
import { findLesson, lessons } from '../../labs/shelf.ts'
import { HopError } from '../../pki/error.ts'
import { alone } from '../alone.ts'
import { choose } from '../choice.ts'
import type { Context } from '../command.ts'
import { exit } from '../exit.ts'
import { putBack, type Stand } from '../kept-lab.ts'
import { within } from '../lessons/desk.ts'
import { take, type Wish } from '../lessons/take.ts'
import { renderLesson, renderLessons } from '../render/lessons.ts'

export type LabWords = { step?: string; predict?: string; auto?: boolean; yes?: boolean; seed?: string }

/** Lists the lessons, guides through one, or sets one back. */
export const lab = (context: Context, words: LabWords, ...names: (string | undefined)[]): Promise<number> => {
  const [first, second] = names
  if (first === undefined) return list(context)
  if (first === 'reset') {
    if (second === undefined) throw usage('reset', 'the number of a lesson', undefined)
    return reset(context, findLesson(second))
  }
  if (second !== undefined) throw usage('lesson', 'one lesson, or reset and one', second)
  return guided(context, findLesson(first), readWords(words))
}

const list = async ({ stateDir, screen }: Context): Promise<number> => {
  const all = lessons()
  const progress = readProgress(stateDir)
  const shown = all.map(lesson => ({ lesson, kept: progress[lesson.slug] }))
  screen.answer(
    shown.map(({ lesson, kept }) => ({
      ...{ number: lesson.number, slug: lesson.slug, title: lesson.title, question: lesson.question },
      ...{ minutes: lesson.minutes, mode: lesson.mode, claims: lesson.claims, steps: lesson.steps.length },
      progress: kept ? progressOf(kept) : null,
    })),
    () => renderLessons(shown, screen),
  )
  return exit.ok
}

const progressOf = ({
  step,
  prediction,
  cameTrue,
  seed,
  startedAt,
  finishedAt,
  finishedBefore,
}: ReturnType<typeof readProgress>[string]) => ({
  ...{ step, prediction: prediction ?? null, cameTrue, startedAt, finishedAt: finishedAt ?? null },
  finishedBefore: finishedBefore ?? null,
  ...(seed === undefined ? {} : { seed }),
})

/** Checks what was asked for before any lab is. */
const guided = async (context: Context, lesson: Lesson, wish: Wish): Promise<number> => {
  const { stateDir, screen } = context
  const playing = wish.auto || wish.yes
  const before = readProgress(stateDir)[lesson.slug]
  if (screen.json && !playing) {
    screen.answer({ ...lesson, progress: before ? progressOf(before) : null }, () => '')
    return exit.ok
  }
  const inside = process.env[within]
  if (inside !== undefined)
    throw usage(
      'lesson',
      'one at a time',
      `${lesson.number} within ${inside}`,
      'q leaves that, and hop lab goes on with it later',
    )
  if (!playing && !screen.live) {
    screen.say(renderLesson(lesson, screen))
    throw usage('terminal', 'one to ask at, or --auto, or --yes with --predict', 'none')
  }
  if (wish.predict !== undefined) {
    const letters = lesson.predict.choices.map(({ letter }) => letter)
    choose('prediction', wish.predict, letters, '--predict')
  }
  if (wish.step !== undefined && wish.step > lesson.steps.length)
    throw usage('--step', `a step from 1 to ${lesson.steps.length}`, String(wish.step))
  return take(context, lesson, wish)
}

const reset = async ({ stateDir, screen }: Context, lesson: Lesson): Promise<number> => {
  const kept = readProgress(stateDir)[lesson.slug]
  const file = runningLab(stateDir)
  if (kept?.found && file) {
    findLab(stateDir)
    await alone(stateDir, () => putBack(file.access, kept.found as unknown as Stand))
  }
  keepProgress(stateDir, lesson.slug, undefined)
  const back = kept?.found !== undefined && file !== undefined
  screen.answer({ lesson: lesson.number, forgotten: kept !== undefined, putBack: back }, () =>
    kept === undefined
      ? `Lesson ${lesson.number} was not begun here.`
      : `Lesson ${lesson.number} begins anew. ${back ? 'The lab stands as the lesson found it.' : 'No lab runs here, so there was nothing to put back.'}`,
  )
  return exit.ok
}

const readWords = ({ step, predict, auto = false, yes = false, seed }: LabWords): Wish => ({
  ...{ auto, yes },
  ...(step === undefined ? {} : { step: whole('--step', step, 99) }),
  ...(seed === undefined ? {} : { seed: whole('--seed', seed, 999_999_999) }),
  ...(predict === undefined ? {} : { predict: predict.toUpperCase() }),
})

const whole = (field: string, word: string, most: number): number => {
  const number = /^\d{1,9}$/.test(word) ? Number(word) : 0
  if (number >= 1 && number <= most) return number
  throw usage(field, `a number from 1 to ${most}`, word)
}

const usage = (field: string, expected: string, found: string | undefined, remedy = 'hop lab --help has an example') =>
  new HopError('usage', {
    field,
    expected,
    found: found === undefined ? 'nothing' : JSON.stringify(found.slice(0, 100)),
    remedy,
  })
