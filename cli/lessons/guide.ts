import type { Part, Step } from '../../labs/lesson.ts'
import { type Move, proceed, stepOf, type Turn, type Walk } from '../../labs/walk.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { exit } from '../exit.ts'
import type { Interrupts } from '../interrupts.ts'
import type { Screen } from '../screen.ts'
import type { Desk } from './desk.ts'
import { causesOf, choicesOf, closing, doneLine, prose, stepHead } from './page.ts'
import type { Session } from './session.ts'

export type Room = { session: Session; screen: Screen; desk: Desk; topology: Topology; here: string }

/** Guides somebody through a lesson at a terminal. Ends with the lesson, with `q`, at the end of input, or interrupted. */
export const guide = async (room: Room, first: Turn, interrupts: Pick<Interrupts, 'ended'>): Promise<number> => {
  let turn = first
  for (;;) {
    let next: Turn | 'left' | 'over' | undefined
    for (const move of turn.moves) {
      const came = await perform(room, turn.walk, move, interrupts)
      if (came === 'interrupted') {
        room.screen.say(`\n${leaving(room)}`)
        return exit.interrupted
      }
      if (came !== undefined) next = came
    }
    if (next === 'over') return exit.ok
    if (next === 'left' || next === undefined) {
      room.screen.say(leaving(room))
      return exit.ok
    }
    turn = next
  }
}

type Came = Turn | 'left' | 'over' | 'interrupted' | undefined

const perform = async (room: Room, walk: Walk, move: Move, interrupts: Pick<Interrupts, 'ended'>): Promise<Came> => {
  const { session, screen, desk } = room
  for (const line of told(room, move)) screen.say(line)
  if ('run' in move) {
    const { code } = await desk.run(move.run)
    // what was interrupted is offered again to whoever comes back
    if (code !== null && code < 128) session.keep({ shown: walk.shown })
    const pending = stepOf(walk)
      .parts.slice(walk.shown)
      .some(part => 'transcript' in part)
    const { holds } = await session.judge(stepOf(walk))
    return proceed(walk, holds && !pending ? { holds } : { ran: true })
  }
  if ('ask' in move) return ask(room, walk, interrupts, move.ask === 'prediction')
  if ('begin' in move) {
    if (session.kept().step !== move.begin.number || session.kept().since === undefined) await session.begin(move.begin)
  } else if ('done' in move) {
    const judged = await session.judge(move.done)
    await session.finish(move.done)
    screen.say(`\n${doneLine(judged, screen)}`)
  } else if ('predicted' in move) session.keep({ prediction: move.predicted.letter })
  else if ('status' in move) {
    const { holds, saw } = await session.judge(stepOf(walk))
    screen.say(prose(`${holds ? 'Seen' : 'Not yet'}, since this step began: ${saw}`, screen))
  }
  if ('leave' in move) return 'left'
  return 'over' in move ? 'over' : undefined
}

/** A line, or what is waited for happens in another terminal, whichever is first. */
const ask = async (
  room: Room,
  walk: Walk,
  { ended }: Pick<Interrupts, 'ended'>,
  predicting: boolean,
): Promise<Came> => {
  const { session, desk, screen } = room
  const over = new AbortController()
  const nothing = new Promise<never>(() => {})
  const waiting = pending(walk) ? 'Enter runs it' : 'your turn: type hop …'
  const prompt = predicting
    ? 'Your prediction: '
    : screen.paint.dim(`[${waiting} · ? what is missing · h hint · q leave] `)
  const line = desk.line(prompt, over.signal)
  // whoever runs the commands of a step here is to see all of them
  const done = predicting || (pending(walk) && begun(walk)) ? nothing : session.untilDone(stepOf(walk), over.signal)
  done.catch(() => {})
  try {
    const came = await Promise.race([
      line.then(text => ({ text })),
      done.then(judged => ({ judged })),
      ended.then(signal => ({ signal })),
    ])
    if ('signal' in came) return 'interrupted'
    if ('text' in came) return came.text === undefined ? 'left' : proceed(walk, { line: came.text })
    screen.say('')
    return proceed(walk, { holds: true })
  } finally {
    over.abort()
    await line
  }
}

const isCommand = (part: Part): boolean => 'transcript' in part
const pending = (walk: Walk): boolean => stepOf(walk).parts.slice(walk.shown).some(isCommand)
const begun = (walk: Walk): boolean => stepOf(walk).parts.slice(0, walk.shown).some(isCommand)

/** What a move says to people, for the guide and for whoever plays a lesson by itself. */
export const told = ({ session, screen, topology, here }: Room, move: Move): string[] => {
  const { lesson, faults, kept } = session
  if ('say' in move) return ['', prose(move.say, screen)]
  if ('choices' in move) return ['', choicesOf(lesson, screen)]
  if ('begin' in move) return [stepHead(move.begin, lesson, screen)]
  if ('offer' in move) return ['', `  ${screen.paint.dim('$')} ${screen.paint.strong(move.offer)}`]
  if ('hint' in move) return [prose(`Hint ${move.depth} of 3: ${move.hint}`, screen, '  ')]
  if ('solution' in move) {
    const commands = solutionOf({ session, topology }, move.solution)
    return ['  Solution:', ...commands.map(command => `  $ ${screen.paint.strong(command)}`)]
  }
  if ('over' in move)
    return [
      '',
      ...(faults.length > 0 ? [causesOf(faults, topology, screen), ''] : []),
      closing(lesson, kept(), screen, here),
    ]
  return []
}

/**
 * What solves a step. Where faults were drawn that is what mends them, and then the step's own; the page has it for its seed.
 */
export const solutionOf = (
  { session, topology }: Pick<Room, 'session' | 'topology'>,
  { solution, conditions }: Step,
): string[] => {
  const own = solution.map(({ command }) => command)
  if (!conditions.some(({ name }) => name === 'repaired')) return own
  return [...session.faults.flatMap(fault => fault.remedy(topology)), ...own.slice(-1)]
}

const leaving = ({ session: { lesson, kept }, here }: Room): string =>
  `Left at step ${kept().step}. hop lab ${lesson.number}${here} goes on from here; hop lab reset ${lesson.number}${here} puts the lab back.`
