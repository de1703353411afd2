import { expect, test } from 'vitest'
import { parseLesson } from '../../../labs/parse.ts'
import { proceed, setOut, type Turn } from '../../../labs/walk.ts'
import { file, page } from './a-lesson.ts'

const lesson = parseLesson(file, page)
const kinds = ({ moves }: Turn) => moves.map(move => Object.keys(move)[0])
const typed = (turn: Turn, ...lines: string[]): Turn => lines.reduce((now, line) => proceed(now.walk, { line }), turn)

test('the prediction is asked first, and only what can be predicted is one', () => {
  const begun = setOut(lesson)
  expect(kinds(begun)).toEqual(['choices', 'ask'])
  expect(kinds(typed(begun, 'C'))).toEqual(['say', 'ask'])
  expect(kinds(typed(begun, ''))).toEqual(['say', 'ask'])
  const predicted = typed(begun, 'b')
  expect(predicted.walk).toMatchObject({ at: 'step', step: 1, prediction: 'B' })
  expect(kinds(predicted)).toEqual(['predicted', 'begin', 'say', 'offer', 'ask'])
})

test('Enter runs what is offered, one command after the other', () => {
  const first = typed(setOut(lesson), 'A', '')
  expect(first.moves).toEqual([{ run: './hop request' }])
  const second = proceed(first.walk, { ran: true })
  expect(second.moves).toEqual([{ offer: './hop calls' }, { ask: 'go-on' }])
  const third = proceed(typed(second, '').walk, { ran: true })
  expect(kinds(third)).toEqual(['say', 'ask'])
  const again = typed(third, '')
  expect(again.moves.slice(1)).toEqual([{ offer: './hop request' }, { ask: 'go-on' }])
  expect(typed(again, '').moves).toEqual([{ run: './hop request' }])
  expect(kinds(typed(setOut(lesson, 2, 'A'), ''))).toEqual(['say', 'ask'])
})

test('who comes back in the middle of a step is offered the command after the last that ran', () => {
  const back = setOut(lesson, 1, 'A', 2)
  expect(kinds(back)).toEqual(['begin', 'say', 'offer', 'ask'])
  expect(back.moves[2]).toEqual({ offer: './hop calls' })
  expect(typed(back, '').moves).toEqual([{ run: './hop calls' }])
})

test('nothing that is typed ends a step: only that its conditions hold', () => {
  const step = typed(setOut(lesson), 'A')
  for (const line of ['', 'done', 'y', 'hop request', '?', 'h', 'mode is=mtls'])
    expect(typed(step, line, '', '', '').walk.step, line).toBe(1)
  const next = proceed(step.walk, { holds: true })
  expect(next.walk).toMatchObject({ at: 'step', step: 2, hints: 0 })
  expect(kinds(next)).toEqual(['say', 'done', 'begin', 'say', 'ask'])
})

test('what happened before the prediction does not count', () => {
  const begun = setOut(lesson)
  expect(proceed(begun.walk, { holds: true })).toEqual({ walk: begun.walk, moves: [] })
})

test('hints come in three depths, the solution last', () => {
  const task = setOut(lesson, 2, 'A')
  const asked = ['h', 'h', 'hint', 'h'].map((_, i, all) => typed(task, ...all.slice(0, i + 1)).moves[0])
  expect(asked).toEqual([
    { hint: 'a nudge', depth: 1 },
    { hint: 'a push', depth: 2 },
    { hint: 'a shove', depth: 3 },
    { solution: lesson.steps[1] },
  ])
  expect(kinds(typed(setOut(lesson), 'A', 'h'))).toEqual(['say', 'ask'])
})

test('a line that begins with hop is run, another one is not', () => {
  const task = setOut(lesson, 2, 'A')
  expect(typed(task, 'hop mode mtls').moves).toEqual([{ run: './hop mode mtls' }])
  expect(typed(task, './hop gate').moves).toEqual([{ run: './hop gate' }])
  for (const line of ['rm -r .', 'hopper', 'mode mtls']) expect(kinds(typed(task, line)), line).toEqual(['say', 'ask'])
})

test('the last step ends the lesson, and q leaves it anywhere', () => {
  const over = proceed(setOut(lesson, 2, 'A').walk, { holds: true })
  expect(over.walk.at).toBe('over')
  expect(kinds(over)).toEqual(['done', 'over'])
  expect(typed(setOut(lesson), 'q').moves).toEqual([{ leave: true }])
  expect(typed(setOut(lesson, 2, 'A'), 'q').moves).toEqual([{ leave: true }])
})
