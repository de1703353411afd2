import { afterAll, beforeAll, expect, test } from 'vitest'
import { modes } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { startLoad } from '../support/load.ts'

let lab: TestLab
beforeAll(async () => {
  lab = await startTestLab()
})
afterAll(() => lab.close())

/** A walk over all ordered pairs of modes, each pair once. */
const walk = (): string[] => {
  const left = new Set(modes.flatMap(a => modes.filter(b => b !== a).map(b => `${a}>${b}`)))
  const path: string[] = [modes[0]!]
  const go = (): boolean => {
    if (left.size === 0) return true
    const at = path.at(-1)!
    for (const next of modes) {
      const pair = `${at}>${next}`
      if (!left.delete(pair)) continue
      path.push(next)
      if (go()) return true
      path.pop()
      left.add(pair)
    }
    return false
  }
  expect(go()).toBe(true)
  return path
}

test('switching between all ordered pairs of modes under load loses no request', async () => {
  const client = await createPublicClient(lab)
  const load = startLoad(client)
  const path = walk()
  expect(path).toHaveLength(21)
  for (const mode of path.slice(1)) {
    const lines = (await operator(lab, 'PUT', '/api/mode', { mode })) as object[]
    expect(lines.at(-1)).toMatchObject({ done: true, mode })
    await load.more(20)
  }
  const { answered, lost } = await load.stop()
  await client.close()
  expect(lost).toEqual([])
  expect(answered).toBeGreaterThan(400)
})
