import type { Choice, Lesson, Part, Step, Transcript } from './lesson.ts'

/** Where somebody stands in a lesson. */
export type Walk = {
  lesson: Lesson
  at: 'predict' | 'step' | 'over'
  /** From 1. */
  step: number
  /** How many parts of the step have been shown. */
  shown: number
  /** How many hints; one more than there are: the solution too. */
  hints: number
  prediction?: string
}

/** What can happen: a line was typed, what was run is over, or the step's conditions hold. */
export type Happening = { line: string } | { ran: true } | { holds: true }

/** What is to be done about it, in this order. */
export type Move =
  | { say: string }
  | { choices: true }
  | { begin: Step }
  | { offer: string }
  | { run: string }
  | { ask: 'prediction' | 'go-on' }
  | { hint: string; depth: number }
  | { solution: Step }
  | { status: true }
  | { predicted: Choice }
  | { done: Step }
  | { over: true }
  | { leave: true }

export type Turn = { walk: Walk; moves: Move[] }

/**
 * Begins a lesson with its prediction, or at a step of it. `prediction`: null where none is asked for. `shown`: parts of the
 * step that were shown before, whose commands are not to be run again.
 */
export const setOut = (lesson: Lesson, step = 1, prediction?: string | null, shown = 0): Turn => {
  const known = typeof prediction === 'string' ? { prediction } : {}
  const walk: Walk = { lesson, at: 'predict', step, shown: 0, hints: 0, ...known }
  if (prediction === undefined && step === 1) return { walk, moves: [{ choices: true }, { ask: 'prediction' }] }
  return enter(walk, step, shown)
}

/** One thing after the other: what happens, and what is to be done about it. */
export const proceed = (walk: Walk, happening: Happening): Turn => {
  if (walk.at === 'over') return { walk, moves: [] }
  if ('line' in happening) return read(walk, happening.line.trim())
  if (walk.at === 'predict') return { walk, moves: [] }
  return 'ran' in happening ? show(walk) : finish(walk)
}

const read = (walk: Walk, line: string): Turn => {
  if (/^(q|quit|exit)$/i.test(line)) return { walk, moves: [{ leave: true }] }
  return walk.at === 'predict' ? predict(walk, line) : act(walk, line)
}

const predict = (walk: Walk, line: string): Turn => {
  const { choices } = walk.lesson.predict
  const choice = choices.find(({ letter }) => letter === line.toUpperCase())
  if (!choice) {
    const say = `Say ${choices.map(({ letter }) => letter).join(', ')}, or q to leave. A guess is enough: it is compared later.`
    return { walk, moves: [{ say }, { ask: 'prediction' }] }
  }
  const { walk: entered, moves } = enter({ ...walk, prediction: choice.letter }, 1)
  return { walk: entered, moves: [{ predicted: choice }, ...moves] }
}

const act = (walk: Walk, line: string): Turn => {
  const step = stepOf(walk)
  const next = step.parts[walk.shown]
  if (line === '' && next && 'transcript' in next)
    return { walk: { ...walk, shown: walk.shown + 1 }, moves: [{ run: next.transcript.command }] }
  if (line === '' && step.solution.length === 0) return again(walk, step)
  if (/^(\.\/)?hop\s/.test(line)) return { walk, moves: [{ run: line.replace(/^hop\s/, './hop ') }] }
  if (line === '?') return { walk, moves: [{ status: true }, { ask: 'go-on' }] }
  if (/^h(int)?$/i.test(line)) return hint(walk, step)
  const say =
    line === ''
      ? 'Nothing more to run here: it is your turn. Type a hop command, here or in another terminal; h gives a hint.'
      : 'Enter runs what is offered, a line that begins with hop is run, ? says what is still missing, h gives a hint, q leaves.'
  return { walk, moves: [{ say }, { ask: 'go-on' }] }
}

/** Everything was run and it has not happened: a command that failed, or came too late, can be run again. */
const again = (walk: Walk, { parts }: Step): Turn => {
  const shown = parts.findIndex(part => 'transcript' in part)
  const first = parts[shown] as { transcript: Transcript }
  const moves: Move[] = [
    { say: 'It has not happened yet. Once more, from the first command:' },
    { offer: first.transcript.command },
    { ask: 'go-on' },
  ]
  return { walk: { ...walk, shown }, moves }
}

const hint = (walk: Walk, step: Step): Turn => {
  const depth = walk.hints + 1
  const text = step.hints[walk.hints]
  if (text !== undefined) return { walk: { ...walk, hints: depth }, moves: [{ hint: text, depth }, { ask: 'go-on' }] }
  if (step.solution.length > 0) return { walk, moves: [{ solution: step }, { ask: 'go-on' }] }
  const say = 'The command to run is above; Enter runs it.'
  return { walk, moves: [{ say }, { ask: 'go-on' }] }
}

const enter = (walk: Walk, number: number, from = 0): Turn => {
  const entered: Walk = { ...walk, at: 'step', step: number, shown: from, hints: 0 }
  const step = stepOf(entered)
  const { walk: shown, moves } = show(entered)
  return { walk: shown, moves: [{ begin: step }, ...told(step.parts.slice(0, from)), ...moves] }
}

const told = (parts: readonly Part[]): Move[] => parts.flatMap(part => ('prose' in part ? [{ say: part.prose }] : []))

/** Shows prose up to the next command, and offers that. */
const show = (walk: Walk): Turn => {
  const { parts } = stepOf(walk)
  const moves: Move[] = []
  let shown = walk.shown
  for (let part = parts[shown]; part; part = parts[++shown]) {
    if ('transcript' in part) {
      moves.push({ offer: part.transcript.command })
      break
    }
    moves.push({ say: part.prose })
  }
  return { walk: { ...walk, shown }, moves: [...moves, { ask: 'go-on' }] }
}

/** It happened, here or in another terminal: what is left to read is read, and the next step begins. */
const finish = (walk: Walk): Turn => {
  const step = stepOf(walk)
  const moves: Move[] = [...told(step.parts.slice(walk.shown)), { done: step }]
  if (walk.step === walk.lesson.steps.length)
    return { walk: { ...walk, at: 'over' }, moves: [...moves, { over: true }] }
  const next = enter(walk, walk.step + 1)
  return { walk: next.walk, moves: [...moves, ...next.moves] }
}

export const stepOf = ({ lesson, step }: Walk): Step => lesson.steps[step - 1]!
