import { expect, test } from 'vitest'
import { movedSince } from '../../../cli/lessons/take.ts'
import type { Kept } from '../../../labs/progress-file.ts'

const at = (startedAt: string, lab: string): Kept => ({
  ...{ step: 2, cameTrue: [], startedAt },
  since: { at: 1, audit: 2, records: {}, lab },
})
const mine = at('2026-01-01T10:00:00.000Z', '7 then')

test('a lesson goes on at the lab that it was left at', () => {
  const earlier = at('2026-01-01T09:00:00.000Z', '7 then')
  expect(movedSince(mine, { mine, earlier }, '7 then')).toBeUndefined()
  expect(movedSince({ ...mine, since: undefined }, { mine }, '8 now')).toBeUndefined()
})

test('another lab, and a lesson begun after it, are named as what moved it', () => {
  const later = at('2026-01-01T11:00:00.000Z', '7 then')
  expect(movedSince(mine, { mine }, '8 now')).toBe('The lab was started anew')
  expect(movedSince(mine, { mine, later }, '7 then')).toBe('Another lesson was begun')
})
