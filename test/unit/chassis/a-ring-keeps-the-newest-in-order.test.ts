import { expect, test } from 'vitest'
import { createRing } from '../../../services/chassis/ring.ts'

const filled = (size: number, count: number) => {
  const ring = createRing<{ cursor: number }>(size)
  const records = Array.from({ length: count }, (_, i) => ({ cursor: i + 1 }))
  for (const record of records) ring.push(record)
  return { ring, records }
}
const cursors = (records: { cursor: number }[]): number[] => records.map(({ cursor }) => cursor)

test('an empty ring has nothing', () => {
  expect(createRing(3).since(0)).toEqual([])
})

test.each([
  [0, [1, 2]],
  [1, [2]],
  [2, []],
])('half full, after %i it has %j', (cursor, expected) => {
  expect(cursors(filled(4, 2).ring.since(cursor))).toEqual(expected)
})

test.each([
  [4, [1, 2, 3, 4]],
  [5, [2, 3, 4, 5]],
  [8, [5, 6, 7, 8]],
  [11, [8, 9, 10, 11]],
])('after %i records four are left: %j', (count, expected) => {
  const { ring } = filled(4, count)
  expect(cursors(ring.since(0))).toEqual(expected)
  expect(cursors(ring.since(count - 2))).toEqual(expected.slice(-2))
})

test.each([3, 4, 5, 6, 7])('of %i records, the oldest left is the newest when renewed, and no other is lost', count => {
  const { ring, records } = filled(4, count)
  const [oldest, ...others] = records.slice(-4)
  ring.renew(oldest!, count + 1)
  expect(ring.since(0)).toEqual([...others, { cursor: count + 1 }])
  expect(ring.since(count)).toEqual([oldest])
  ring.push({ cursor: count + 2 })
  expect(cursors(ring.since(count))).toEqual([count + 1, count + 2])
})

test('the newest renewed stays where it is', () => {
  const { ring, records } = filled(4, 6)
  ring.renew(records.at(-1)!, 9)
  expect(cursors(ring.since(0))).toEqual([3, 4, 5, 9])
})

test('what fell out is not taken in again', () => {
  const { ring, records } = filled(4, 6)
  ring.renew(records[0]!, 7)
  expect(cursors(ring.since(0))).toEqual([3, 4, 5, 6])
})
