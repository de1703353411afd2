import { findLab, runningLab } from '../../lab/state-file.ts'
import type { Lesson } from '../../labs/lesson.ts'
import { keepProgress, readProgress } from '../../labs/progress-file.ts'
import { findLesson, lessons } from '../../labs/shelf.ts'
import { setOut, type Turn } from '../../labs/walk.ts'
import { HopError } from '../../pki/error.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import { alone } from '../alone.ts'
import { choose } from '../choice.ts'
import type { Context } from '../command.ts'
import { detach } from '../detach.ts'
import { exit } from '../exit.ts'
import { takeInterrupts } from '../interrupts.ts'
import { putBack, type Stand } from '../kept-lab.ts'
import { createDesk } from '../lessons/desk.ts'
import { guide, type Room } from '../lessons/guide.ts'
import { opening, whereIs } from '../lessons/page.ts'
import { play } from '../lessons/play.ts'
import { resume, startOver } from '../lessons/session.ts'
import { readUpWords, stateDirOf } from '../options.ts'
import { renderLesson, renderLessons } from '../render/lessons.ts'

export type LabWords = { step?: string; predict?: string; auto?: boolean; yes?: boolean; seed?: string }

/** Lists the lessons, guides through one, or sets one back. */
export const lab = (context: Context, words: LabWords, ...names: (string | undefined)[]): Promise<number> => {
  const [first, second] = names
  if (first === undefined) return list(context)
  if (first === 'reset') return reset(context, findLesson(second ?? ''))
  if (second !== undefined) throw usage('lesson', 'one lesson, or reset and one', second)
  return take(context, findLesson(first), readWords(words))
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
}: ReturnType<typeof readProgress>[string]) => ({
  ...{ step, prediction: prediction ?? null, cameTrue, startedAt, finishedAt: finishedAt ?? null },
  ...(seed === undefined ? {} : { seed }),
})

type Wish = ReturnType<typeof readWords>

const take = async (context: Context, lesson: Lesson, wish: Wish): Promise<number> => {
  const { stateDir, screen } = context
  const playing = wish.auto || wish.yes
  const before = readProgress(stateDir)[lesson.slug]
  if (screen.json && !playing) {
    screen.answer({ ...lesson, progress: before ? progressOf(before) : null }, () => '')
    return exit.ok
  }
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
  await orStart(context)
  const file = findLab(stateDir)
  const client = await connectLab(file.access)
  const interrupts = takeInterrupts()
  try {
    refuseOther(client.topology.name)
    const at = { stateDir, file, lab: client, lesson }
    const under = before && before.finishedAt === undefined && before.step <= lesson.steps.length
    const goesOn = under && !playing && wish.step === undefined && wish.seed === undefined
    screen.say(opening(lesson, screen))
    if (!goesOn) screen.say(`\nThe lab is brought into ${lesson.mode}, with nothing switched.`)
    const session = goesOn
      ? resume(at)
      : await startOver(at, wish.seed ?? (wish.auto ? lesson.faults?.seed : undefined))
    const here = whereIs(stateDir, stateDirOf(undefined, process.env))
    const desk = (catching: boolean) => createDesk(stateDir, { catching })
    const room: Room = { session, screen, desk: desk(true), topology: client.topology, here }
    const over = new AbortController()
    interrupts.ended.then(() => over.abort())
    screen.event({ event: 'lesson', number: lesson.number, slug: lesson.slug, seed: session.kept().seed ?? null })
    const prediction = wish.predict ?? (playing || wish.step !== undefined ? 'A' : undefined)
    if (playing || (wish.step ?? 1) > 1) {
      const upTo = wish.step === undefined ? {} : { upTo: wish.step }
      const settings = { prediction: prediction!, solutions: wish.auto || !playing, signal: over.signal, ...upTo }
      const turn = await play(room, 1, settings)
      if (over.signal.aborted)
        throw new HopError('interrupted', { message: 'interrupted; what was done so far is kept' })
      if (playing) return exit.ok
      return await guide({ ...room, desk: desk(false) }, turn, interrupts)
    }
    if (goesOn) screen.say(`\nYou left this lesson at step ${session.kept().step}; it goes on from there.`)
    const known = prediction ?? session.kept().prediction
    if (known !== undefined) session.keep({ prediction: known })
    const turn: Turn = setOut(lesson, session.kept().step, known)
    return await guide({ ...room, desk: desk(false) }, turn, interrupts)
  } finally {
    await client.close()
  }
}

/** A lesson needs a lab; where there is none, it says so and starts one that stays. */
const orStart = async (context: Context): Promise<void> => {
  if (runningLab(context.stateDir)) return
  context.screen.aside(`No lab runs in ${context.stateDir}; one is started now.`)
  const silent = { ...context, screen: { ...context.screen, answer: () => {} } }
  const code = await detach(silent, readUpWords({}))
  if (code !== exit.ok) throw new HopError('interrupted', { message: 'interrupted before the lab was up' })
  context.screen.aside('The lab is up; it stays until hop down ends it.\n')
}

/** What lessons tell of happens in the shop. */
const refuseOther = (topology: string): void => {
  if (topology === 'shop') return
  throw new HopError('lesson-topology', {
    field: 'topology',
    expected: 'shop, of which the lessons tell',
    found: topology,
    remedy: 'Take them in a state directory of their own: hop --state .hop-lessons lab 1',
  })
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

const readWords = ({ step, predict, auto = false, yes = false, seed }: LabWords) => ({
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

const usage = (field: string, expected: string, found: string) =>
  new HopError('usage', {
    field,
    expected,
    found: JSON.stringify(found.slice(0, 100)),
    remedy: 'hop lab --help has an example',
  })
