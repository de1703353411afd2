import { expect, test } from 'vitest'
import { createPaint } from '../../../cli/paint.ts'
import { renderLessons } from '../../../cli/render/lessons.ts'
import type { Kept } from '../../../labs/progress-file.ts'
import { lessons } from '../../../labs/shelf.ts'

const lesson = lessons()[2]!
const begun: Kept = { step: 2, cameTrue: [], startedAt: '2026-01-03T00:00:00.000Z' }
const time = '2026-01-02T00:00:00.000Z'
const rowOf = (kept: Kept | undefined) =>
  renderLessons([{ lesson, kept }], { paint: createPaint(false), columns: 100 }).split('\n')[1]

test('a lesson under way is told by its steps, a finished one by a tick, one begun again by both', () => {
  expect(rowOf(undefined)).toMatch(/ – /)
  expect(rowOf(begun)).toMatch(/min +1\/3 /)
  expect(rowOf({ ...begun, step: 4, finishedAt: time })).toMatch(/min +✓ +[^\d]/)
  expect(rowOf({ ...begun, finishedBefore: time })).toMatch(/min +✓ 1\/3 /)
})
