import { expect, test } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { createMatrixProgress, type ProgressTo } from '../../../cli/progress.ts'
import type { MatrixEvent } from '../../../scenarios/runner.ts'
import type { Cell } from '../../../scenarios/scenario.ts'

const cell = {
  scenario: 'eavesdrop',
  mode: 'mtls',
  verdict: 'holds',
  asExpected: true,
  evidence: [],
} as unknown as Cell
const course = (asExpected: boolean): MatrixEvent[] => [
  { type: 'mode', mode: 'mtls', ms: 20 },
  { type: 'scenario', scenario: 'eavesdrop', mode: 'mtls', cells: [{ ...cell, asExpected }] },
  { type: 'tested', mode: 'mtls', scenarios: 1, ms: 1500 },
]

const told = (events: MatrixEvent[], how: { isTTY?: boolean; json?: boolean }) => {
  let text = ''
  const seen: object[] = []
  const to: ProgressTo = { ...how, write: piece => (text += piece) }
  const screen = { paint: createPaint(false), json: how.json ?? false, event: (value: object) => void seen.push(value) }
  const progress = createMatrixProgress(screen, to)
  events.forEach(progress)
  return { text, seen }
}

test('a file or pipe gets a line per mode once it is tested, and nothing that moves a cursor', () => {
  expect(told(course(true), {}).text).toBe('mtls                     switched live in 20 ms, 1 experiment in 1.5 s\n')
})

test('a surprise is named as soon as it is there', () => {
  const [first] = told(course(false), {}).text.split('\n')
  expect(first).toBe('! eavesdrop in mtls')
})

test('an experiment that was run twice is told, and why', () => {
  const [mode, , tested] = course(true)
  const cells = [{ ...cell, firstTry: 'the control failed' }]
  const [first] = told(
    [mode!, { type: 'scenario', scenario: 'eavesdrop', mode: 'mtls', cells }, tested!],
    {},
  ).text.split('\n')
  expect(first).toBe('again eavesdrop in mtls: at first the control failed')
})

test('a terminal shows what was done last, on one line that the next overwrites', () => {
  const { text } = told(course(true), { isTTY: true })
  expect(text).toContain('1 experiment, last eavesdrop')
  expect(text.split('\n')).toHaveLength(2)
})

test('programs get every event without the evidence, and no text', () => {
  const { text, seen } = told(course(true), { json: true })
  expect(text).toBe('')
  expect(seen).toMatchObject([
    { event: 'mode', mode: 'mtls', ms: 20 },
    { event: 'scenario', scenario: 'eavesdrop', cells: [{ verdict: 'holds' }] },
    { event: 'tested', mode: 'mtls', scenarios: 1 },
  ])
  expect(JSON.stringify(seen)).not.toContain('evidence')
})
