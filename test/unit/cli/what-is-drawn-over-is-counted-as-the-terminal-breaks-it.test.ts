import { expect, test } from 'vitest'
import { rowsOf } from '../../../cli/commands/edges.ts'

test('a line wider than the terminal takes as many rows as it is broken into', () => {
  expect(rowsOf('one\n\nthree', 100)).toBe(3)
  expect(rowsOf(`${'x'.repeat(101)}\nshort`, 100)).toBe(3)
  expect(rowsOf(`\u001b[1m${'x'.repeat(100)}\u001b[22m`, 100)).toBe(1)
})
