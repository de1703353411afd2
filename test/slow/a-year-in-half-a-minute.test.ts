import { expect, test } from 'vitest'
import { deck } from '../soak/acts.ts'
import { killAtEveryStep } from '../soak/kills.ts'
import { listsAnew } from '../soak/lists.ts'
import { type SoakOptions, soak } from '../soak/soak.ts'

const usual: Omit<SoakOptions, 'kills' | 'seed'> = {
  ...{ requests: 2000, rounds: 1, minutes: 2, lifetimeS: 15, pauseMs: 300, say: () => {} },
  crowd: { kept: 4, fresh: 1, inner: 1, orderEvery: 10 },
}
test('a shop lives through rotations, revocations, mode switches, break-glass and kill -9 in most of them, and loses no request', async () => {
  const result = await soak({ ...usual, seed: 20_261_123, kills: 0.7 })
  expect(result.lost).toEqual([])
  expect(result.violations).toEqual([])
  expect(result.books).toMatchObject({ intact: true, unended: [], unknown: [] })
  expect(result.kills).toBeGreaterThan(5)
  expect(Object.values(result.acts).reduce((sum, count) => sum + count, 0)).toBe(deck.length)
  expect(result.measured['rotation of the root, ms']?.count).toBe(1)
  expect(result.books.byKind.workload).toBeGreaterThan(3 * 6)
}, 180_000)

test('kill -9 at every step of a rotation, as it begins, as it is reached and in between: no request is lost, and no serial', async () => {
  const { say, crowd } = usual
  const result = await killAtEveryStep({ say, crowd, kills: 9, seed: 7, lifetimeS: 30 })
  expect(result.failures).toEqual([])
  expect(result.recovered).toBe(result.kills)
  expect(Object.keys(result.covered)).toHaveLength(9)
  expect(result.lost).toEqual([])
  expect(result.serials).toMatchObject({ twice: [], unknown: [] })
  expect(result.books.intact).toBe(true)
}, 180_000)

test('trust changes again and again, and the control plane is killed each time: nobody has to leave, and no request is lost', async () => {
  const acts = Array.from({ length: 6 }, () => listsAnew)
  const result = await soak({ ...usual, requests: 0, seed: 11, kills: 1, lifetimeS: 3600, pauseMs: 1500, acts })
  expect(result.kills).toBe(6)
  expect(result.lost).toEqual([])
  expect(result.violations).toEqual([])
}, 120_000)
