import type { Step } from '../../labs/lesson.ts'
import { proceed, setOut, stepOf, type Turn } from '../../labs/walk.ts'
import { HopError } from '../../pki/error.ts'
import { type Room, solutionOf, told } from './guide.ts'
import { doneLine, prose } from './page.ts'

export type Play = {
  /** Null: none was made. */
  prediction: string | null
  /** Plays the solutions of tasks, too; else waits until somebody has done them. */
  solutions: boolean
  /** The first step to be left to somebody else; absent: plays all. */
  upTo?: number
  signal: AbortSignal
}

/** How long what was run is given to show in the records, ms. */
const patienceMs = 30_000

/** Takes a lesson by itself, or its first steps: runs what is to be run and waits for what is to happen. Throws `lesson-stuck`. */
export const play = async (room: Room, from: number, { prediction, solutions, upTo, signal }: Play): Promise<Turn> => {
  const { session, screen } = room
  const { lesson } = session
  let turn: Turn = setOut(lesson, from, prediction)
  if (prediction !== null) session.keep({ prediction })
  screen.event({ event: 'prediction', prediction })
  for (;;) {
    let began: Step | undefined
    for (const move of turn.moves) {
      if ('begin' in move && move.begin.number === upTo) return setOut(lesson, upTo, prediction)
      if ('begin' in move || 'over' in move) for (const line of told(room, move)) screen.say(line)
      if ('begin' in move) {
        began = move.begin
        await session.begin(began)
      } else if ('done' in move) await tellDone(room, move.done)
      else if ('over' in move) {
        screen.event({ event: 'over', prediction, cameTrue: session.kept().cameTrue })
        return turn
      }
    }
    if (began) await playStep(room, began, solutions)
    const done = await waitFor(room, stepOf(turn.walk), solutions, signal)
    if (!done) return turn
    const shown = stepOf(turn.walk).parts.length
    turn = proceed({ ...turn.walk, shown }, { holds: true })
  }
}

const tellDone = async ({ session, screen }: Room, step: Step): Promise<void> => {
  const judged = await session.judge(step)
  await session.finish(step)
  screen.event({ event: 'done', step: step.number, ...judged })
  screen.say(`\n${doneLine(judged, screen)}`)
}

/** What stands in the step, in its order; then the solution, where that is wanted. */
const playStep = async (room: Room, step: Step, solutions: boolean): Promise<void> => {
  for (const part of step.parts) {
    if ('prose' in part) room.screen.say(`\n${prose(part.prose, room.screen)}`)
    else await playCommand(room, step, part.transcript.command, false)
  }
  if (solutions) for (const command of solutionOf(room, step)) await playCommand(room, step, command, true)
}

const playCommand = async ({ screen, desk, session }: Room, step: Step, command: string, solution: boolean) => {
  const before = await session.judge(step)
  const { code, output } = await desk.run(command)
  screen.event({ event: 'command', step: step.number, command, solution, before, code, output })
  screen.say(`\n  ${screen.paint.dim('$')} ${screen.paint.strong(command)}\n${output.trimEnd()}`)
}

const waitFor = async ({ session }: Room, step: Step, limited: boolean, signal: AbortSignal): Promise<boolean> => {
  const limits = limited ? AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) : signal
  if (await session.untilDone(step, limits)) return true
  if (signal.aborted) return false
  const { saw } = await session.judge(step)
  throw new HopError('lesson-stuck', {
    field: `lesson ${session.lesson.number}, step ${step.number}`,
    expected: step.conditions.map(({ text }) => text).join(' and '),
    found: saw,
    remedy: 'hop doctor says what is wrong with the lab; a lesson that no longer matches is a fault of ours',
  })
}
