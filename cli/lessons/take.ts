import { findLab, isLabThere } from '../../lab/state-file.ts'
import type { Lesson } from '../../labs/lesson.ts'
import { type Kept, type Progress, readProgress } from '../../labs/progress-file.ts'
import { setOut } from '../../labs/walk.ts'
import { HopError } from '../../pki/error.ts'
import { connectLab } from '../../scenarios/lab-client.ts'
import type { Context } from '../command.ts'
import { detach } from '../detach.ts'
import { exit } from '../exit.ts'
import { takeInterrupts } from '../interrupts.ts'
import { readUpWords, stateDirOf } from '../options.ts'
import { createDesk } from './desk.ts'
import { guide, type Room } from './guide.ts'
import { brought, complaintsOf, opening, prose, whereIs } from './page.ts'
import { play } from './play.ts'
import { resume, runOf, startOver } from './session.ts'

/** How somebody wants to take a lesson. */
export type Wish = { auto: boolean; yes: boolean; step?: number; seed?: number; predict?: string }

/** Takes a lesson at the running lab, or at one that is started for it: guided at a terminal, or played. */
export const take = async (context: Context, lesson: Lesson, wish: Wish): Promise<number> => {
  const { stateDir, screen } = context
  const playing = wish.auto || wish.yes
  const before = readProgress(stateDir)[lesson.slug]
  await orStart(context)
  const file = findLab(stateDir)
  const client = await connectLab(file.access)
  const interrupts = takeInterrupts()
  try {
    refuseOther(client.topology.name)
    const at = { stateDir, file, lab: client, lesson }
    const under = before && before.finishedAt === undefined && before.step <= lesson.steps.length
    const moved = before && movedSince(before, readProgress(stateDir), runOf(file))
    const goesOn = moved === undefined && under && !playing && wish.step === undefined && wish.seed === undefined
    screen.say(opening(lesson, screen))
    if (under && moved !== undefined && !playing) screen.say(`\n${prose(anew(moved, before.step), screen)}`)
    if (!goesOn) screen.say(`\n${prose(brought(lesson.mode, await client.state()), screen)}`)
    const session = goesOn
      ? resume(at)
      : await startOver(at, wish.seed ?? (wish.auto ? lesson.faults?.seed : undefined))
    if (session.faults.length > 0)
      screen.say(`\n${complaintsOf(session.faults, client.topology, session.kept().seed ?? 0, screen)}`)
    const here = whereIs(stateDir, stateDirOf(undefined, process.env))
    const desk = (catching: boolean) => createDesk(stateDir, { catching, lesson: lesson.number })
    const room: Room = { session, screen, desk: desk(true), topology: client.topology, here }
    const over = new AbortController()
    interrupts.ended.then(() => over.abort())
    screen.event({ event: 'lesson', number: lesson.number, slug: lesson.slug, seed: session.kept().seed ?? null })
    const prediction = wish.predict ?? (playing || wish.step !== undefined ? null : undefined)
    if (playing || (wish.step ?? 1) > 1) {
      const upTo = wish.step === undefined ? {} : { upTo: wish.step }
      const settings = {
        prediction: prediction ?? null,
        solutions: wish.auto || !playing,
        signal: over.signal,
        ...upTo,
      }
      const turn = await play(room, 1, settings)
      if (over.signal.aborted)
        throw new HopError('interrupted', { message: 'interrupted; what was done so far is kept' })
      if (playing) return exit.ok
      return await guide({ ...room, desk: desk(false) }, turn, interrupts)
    }
    if (goesOn) screen.say(`\nYou left this lesson at step ${session.kept().step}; it goes on from there.`)
    const known = prediction ?? session.kept().prediction
    if (typeof known === 'string') session.keep({ prediction: known })
    const turn = setOut(lesson, session.kept().step, known, session.kept().shown)
    return await guide({ ...room, desk: desk(false) }, turn, interrupts)
  } finally {
    await client.close()
  }
}

/** Why the lab is not where a lesson left it: another lab by now, or another lesson was begun at it. */
export const movedSince = (before: Kept, all: Progress, run: string): string | undefined => {
  if (before.since !== undefined && before.since.lab !== run) return 'The lab was started anew'
  const later = Object.values(all).some(({ startedAt }) => startedAt > before.startedAt)
  return later ? 'Another lesson was begun' : undefined
}

const anew = (moved: string, step: number): string => {
  const played = step > 1 ? ` With --step ${step} the steps before that are played for you.` : ''
  return `${moved} since you left at step ${step}: the lesson begins anew, too.${played}`
}

/** A lesson needs a lab; where there is none, it says so and starts one that stays. */
const orStart = async (context: Context): Promise<void> => {
  if (isLabThere(context.stateDir)) return
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
