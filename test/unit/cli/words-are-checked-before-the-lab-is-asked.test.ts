import { expect, it } from 'vitest'
import { choose, chooseMode, chooseModes, port } from '../../../cli/choice.ts'
import { complaint, complaintJson } from '../../../cli/complain.ts'
import { exitCodeOf } from '../../../cli/exit.ts'
import { wantsColour } from '../../../cli/paint.ts'
import { HopError } from '../../../pki/error.ts'
import { modes } from '../../../services/modes.ts'

const thrown = (work: () => unknown): HopError => {
  try {
    work()
  } catch (error) {
    if (error instanceof HopError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

it('an unknown word is answered with the nearest and all that are valid', () => {
  const error = thrown(() => chooseMode('mlts'))
  expect(error.code).toBe('mode-unknown')
  expect(error.remedy).toBe('Did you mean mtls?')
  expect(error.expected).toBe(`one of ${modes.join(', ')}`)
  expect(thrown(() => choose('link', 'edge:gatway', ['edge:gateway'])).remedy).toContain('edge:gateway')
  expect(thrown(() => choose('command', 'mpa', ['map', 'mode'])).remedy).toBe('Did you mean map?')
})

it('modes can be listed, all meaning all', () => {
  expect(chooseModes('all')).toEqual(modes)
  expect(chooseModes('mtls, hybrid,mtls')).toEqual(['mtls', 'hybrid'])
  expect(thrown(() => chooseModes('mtls,')).code).toBe('mode-unknown')
})

it.each(['0', '65536', '-1', '80x', '', '1e3'])('%j is no port', word => {
  expect(thrown(() => port('--edge-port', word)).code).toBe('usage')
})

it('an error names field, both values and what to do, and keeps its stack to itself', () => {
  const error = new HopError('mode-unknown', { field: 'mode', expected: 'a', found: 'b', remedy: 'Do c' })
  expect(complaint(error, false)).toBe('hop: mode: expected a, found b\n  Do c')
  expect(complaint(error, true)).toContain('words-are-checked')
  expect(complaintJson(error).error).toMatchObject({ code: 'mode-unknown', field: 'mode', remedy: 'Do c' })
  expect(complaint(new Error('\u001b[2Jgone'), false)).not.toContain('\u001b')
})

it('an error is no wider than the terminal that shows it, and as it is elsewhere', () => {
  const error = new HopError('mode-unknown', { field: 'mode', expected: 'one of '.repeat(20), found: 'b' })
  expect(complaint(error, false).split('\n')).toHaveLength(1)
  const lines = complaint(error, false, 60).split('\n')
  expect(lines.length).toBeGreaterThan(2)
  expect(lines.every(line => line.length <= 60)).toBe(true)
  expect(lines.map(line => line.trim()).join(' ')).toBe(complaint(error, false).replaceAll('  ', ' '))
})

it.each([
  ['mode-unknown', 2],
  ['state-not-writable', 2],
  ['no-lab', 3],
  ['operator-token', 3],
  ['rollout-timeout', 1],
])('%s ends with %i', (code, expected) => {
  expect(exitCodeOf(new HopError(code, {}))).toBe(expected)
})

it('colour is for terminals, unless the environment says otherwise', () => {
  const terminal = { isTTY: true }
  expect(wantsColour(terminal, {})).toBe(true)
  expect(wantsColour({}, {})).toBe(false)
  expect(wantsColour(terminal, { NO_COLOR: '1' })).toBe(false)
  expect(wantsColour(terminal, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false)
  expect(wantsColour({}, { FORCE_COLOR: '1' })).toBe(true)
  expect(wantsColour(terminal, { FORCE_COLOR: '0' })).toBe(false)
  expect(wantsColour(terminal, { TERM: 'dumb' })).toBe(false)
})
