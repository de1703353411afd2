import { expect, it } from 'vitest'
import { readUpWords } from '../../../cli/options.ts'
import { createPaint } from '../../../cli/paint.ts'
import { renderState } from '../../../cli/render/state.ts'
import type { LabFile } from '../../../lab/state-file.ts'
import { healthy } from '../doctor/looked.ts'

it.each([
  ['5s', 5_000],
  ['90s', 90_000],
  ['2m', 120_000],
  ['5000ms', 5_000],
  ['24h', 86_400_000],
])('%s is a lifetime', (word, ms) => {
  expect(readUpWords({ lifetime: word }).lifetimeMs).toBe(ms)
})

it.each(['4s', '25h', '1500ms', '5500ms', '0', '-5s', '5', '', 'x', '1e1s', '24h '])('%j is no lifetime', word => {
  expect(() => readUpWords({ lifetime: word })).toThrow('--lifetime: expected a time from 5s to 24h')
})

it('without the word it is the usual one', () => {
  expect(readUpWords({})).not.toHaveProperty('lifetimeMs')
})

it.each([
  [5_000, 5_000, 'certificates live 5 s'],
  [90_000, 90_000, 'certificates live 90 s'],
  [300_000, 300_000, 'certificates live 5 min'],
  [3_600_000, 2_000, 'certificates live 1 h, public ones 2 s'],
])('the state says how long certificates live: %d, %d', (workloadMs, publicMs, words) => {
  const address = { host: '127.0.0.1', port: 1 }
  const access = { operator: 'http://x', wire: null, token: 'x', control: address, edge: address, redirect: address }
  const file = { version: '1', pid: 1, startedAt: 'now', access } as LabFile
  const state = { ...healthy().state, lifetimes: { workloadMs, publicMs } }
  expect(renderState(state, file, { paint: createPaint(false), columns: 100 }).split('\n')).toContain(words)
})
