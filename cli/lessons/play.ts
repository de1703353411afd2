import type { Step } from '../../labs/lesson.ts'
import { proceed, setOut, stepOf, type Turn } from '../../labs/walk.ts'
import { HopError } from '../../pki/error.ts'
import { type Room, solutionOf, told } from './guide.ts'
import { prose } from './page.ts'

export type Play = {
  prediction: string
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
  session.keep({ prediction })
  screen.event({ event: 'prediction', prediction })
  for (;;) {
    let began: Step | undefined
    for (const move of turn.moves) {
      if ('begin' in move && move.begin.number === upTo) return setOut(lesson, upTo, prediction)
      for (const line of told(room, move)) screen.say(line)
      if ('begin' in move) {
        began = move.begin
        await session.begin(began)
      }
      if ('done' in move) {
        const judged = await session.judge(move.done)
        await session.finish(move.done)
        screen.event({ event: 'done', step: move.done.number, ...judged })
        screen.say(`${screen.paint.good('✓ done')}  ${prose(judged.saw, screen, '        ').trimStart()}`)
      }
      if ('over' in move) {
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

const playStep = async (room: Room, step: Step, solutions: boolean): Promise<void> => {
  const { screen, desk, session } = room
  const given = step.parts.flatMap(part => ('transcript' in part ? [part.transcript.command] : []))
  const solved = solutions ? solutionOf(room, step.solution) : []
  const all = [
    ...given.map(command => ({ command, solution: false })),
    ...solved.map(command => ({ command, solution: true })),
  ]
  for (const { command, solution } of all) {
    const before = await session.judge(step)
    const { code, output } = await desk.run(command)
    screen.event({ event: 'command', step: step.number, command, solution, before, code, output })
    screen.say(`  ${screen.paint.dim('$')} ${screen.paint.strong(command)}\n${output.trimEnd()}`)
  }
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
