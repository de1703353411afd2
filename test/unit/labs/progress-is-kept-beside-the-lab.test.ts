import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { carriedOver, type Kept, keepProgress, readProgress } from '../../../labs/progress-file.ts'
import { thrownBy } from '../topology/shop.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hop-progress-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const kept: Kept = {
  ...{ step: 2, cameTrue: ['B'], prediction: 'A', seed: 7, startedAt: '2026-01-01T00:00:00.000Z' },
  since: { at: 1, audit: 2, records: { edge: 3 }, lab: '7 then' },
  found: { switches: { policy: { kind: 'least-privilege' } }, state: { mode: 'mtls' } },
}
const file = () => join(home, 'lessons.json')

test('what is kept is there again, one lesson beside the other, and can be forgotten', () => {
  expect(readProgress(home)).toEqual({})
  expect(readProgress(join(home, 'nowhere'))).toEqual({})
  keepProgress(home, 'one', kept)
  keepProgress(home, 'two', { ...kept, step: 3 })
  expect(readProgress(home)).toEqual({ one: kept, two: { ...kept, step: 3 } })
  keepProgress(home, 'one', undefined)
  expect(Object.keys(readProgress(home))).toEqual(['two'])
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

test('a lesson begun anew keeps when it was last finished, however often it is begun', () => {
  const finishedAt = '2026-01-02T00:00:00.000Z'
  expect(carriedOver(undefined)).toEqual({})
  expect(carriedOver(kept)).toEqual({})
  const again = { ...kept, ...carriedOver({ ...kept, finishedAt }) }
  expect(again).toEqual({ ...kept, finishedBefore: finishedAt })
  expect(carriedOver(again)).toEqual({ finishedBefore: finishedAt })
  expect(carriedOver({ ...again, finishedAt: kept.startedAt })).toEqual({ finishedBefore: kept.startedAt })
  keepProgress(home, 'one', again)
  expect(readProgress(home).one).toEqual(again)
})

test('a file that is something else, or that others can reach, is refused by name', () => {
  for (const text of ['', 'not json', '{"format":2,"lessons":{}}', '{"format":1,"lessons":{"one":{"step":0}}}']) {
    writeFileSync(file(), text, { mode: 0o600 })
    expect(thrownBy(() => readProgress(home)).code, text).toBe('lessons-unreadable')
  }
  keepProgressAnew()
  chmodSync(file(), 0o644)
  expect(thrownBy(() => readProgress(home)).code).toBe('state-readable-by-others')
})

const keepProgressAnew = () => {
  rmSync(file())
  keepProgress(home, 'one', kept)
}
