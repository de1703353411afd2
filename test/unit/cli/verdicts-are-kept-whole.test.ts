import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exitCodeOf } from '../../../cli/exit.ts'
import { createPaint } from '../../../cli/paint.ts'
import type { Screen } from '../../../cli/screen.ts'
import { keep, lastOf, matrixOf, merged } from '../../../cli/verdicts.ts'
import { readVerdicts, writeVerdicts } from '../../../cli/verdicts-file.ts'
import { catalogue } from '../../../scenarios/catalogue.ts'
import type { Cell } from '../../../scenarios/scenario.ts'
import { matrix } from './fixtures.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hop-verdicts-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const path = () => join(dir, 'verdicts.json')
const first = '2026-01-01T00:00:00.000Z'
const later = '2026-01-02T00:00:00.000Z'
const run = (cells: readonly Cell[] = matrix.cells, startedAt = first) => ({ topology: 'shop', startedAt, cells })
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    expect(exitCodeOf(error)).toBe(2)
    return (error as { code: string }).code
  }
  return 'nothing was thrown'
}

it('what was written is read again, is private, and leaves nothing beside it', () => {
  const verdicts = merged(undefined, {
    ...run(),
    costs: { mtls: [{ id: 'decryptions', title: 'times one request is decrypted', count: 6, what: ['a → b'] }] },
  })
  writeVerdicts(dir, verdicts)
  expect(readVerdicts(dir)).toMatchObject(verdicts)
  expect(statSync(path()).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['verdicts.json'])
})

it('where nothing was kept there is nothing', () => {
  expect(readVerdicts(dir)).toBeUndefined()
  expect(readVerdicts(join(dir, 'absent'))).toBeUndefined()
})

it.each(['', '{', '[]', 'null', '{"format":1}', '{"format":1,"topology":"shop","cells":[{}]}'])(
  '%j is refused as damaged, with what to do',
  text => {
    writeFileSync(path(), text, { mode: 0o600 })
    expect(codeOf(() => readVerdicts(dir))).toBe('verdicts-unreadable')
    expect(() => readVerdicts(dir)).toThrow(/Remove it/)
  },
)

it.each([
  ['an unknown mode', { mode: 'mlts' }],
  ['an unknown verdict', { verdict: 'perhaps' }],
  ['bytes that are none', { evidence: [{ kind: 'bytes', title: '', where: '', hex: 'xy' }] }],
  ['no time', { observedAt: 'yesterday' }],
])('a cell with %s is refused', (_, change) => {
  const cells = [{ ...matrix.cells[0], observedAt: first, ...change }]
  writeFileSync(path(), JSON.stringify({ format: 1, topology: 'shop', cells }), { mode: 0o600 })
  expect(codeOf(() => readVerdicts(dir))).toBe('verdicts-unreadable')
})

it('a file that others could have written is not believed', () => {
  writeVerdicts(dir, merged(undefined, run()))
  chmodSync(path(), 0o622)
  expect(codeOf(() => readVerdicts(dir))).toBe('verdicts-not-ours')
  rmSync(path())
  symlinkSync('/etc/hostname', path())
  expect(codeOf(() => readVerdicts(dir))).toBe('verdicts-not-ours')
})

it('another format is named when read, and replaced by the next run', () => {
  writeFileSync(path(), '{"format":99}', { mode: 0o600 })
  expect(codeOf(() => readVerdicts(dir))).toBe('verdicts-other-format')
  keep({ stateDir: dir, screen: screen() }, run())
  expect(readVerdicts(dir)?.cells).toHaveLength(matrix.cells.length)
})

it('a run replaces what it ran, and leaves the rest', () => {
  const before = merged(undefined, run())
  const again = matrix.cells.filter(({ scenario, mode }) => scenario === 'rogue-caller' && mode === 'mtls')
  const { cells } = merged(before, run(again, later))
  expect(cells).toHaveLength(matrix.cells.length)
  expect(cells.filter(({ observedAt }) => observedAt === later)).toHaveLength(1)
  expect(lastOf(cells)).toBe(later)
})

it('a link that a scenario no longer has is gone after its next run', () => {
  const [one, ...others] = matrix.cells.filter(({ scenario, mode }) => scenario === 'eavesdrop' && mode === 'mtls')
  expect(others).not.toEqual([])
  const { cells } = merged(merged(undefined, run([one!, ...others])), run([one!], later))
  expect(cells).toHaveLength(1)
})

it('verdicts of another topology are not mixed in', () => {
  const { topology, cells } = merged(merged(undefined, run()), { ...run([], later), topology: 'clinic' })
  expect({ topology, cells }).toEqual({ topology: 'clinic', cells: [] })
})

it('a run whose verdicts cannot be kept says so and goes on, and leaves the file as it was', () => {
  const said: string[] = []
  writeFileSync(path(), '{', { mode: 0o600 })
  keep({ stateDir: dir, screen: screen(said) }, run())
  expect(said.join()).toMatch(/not kept.*verdicts\.json.*Remove it/s)
  expect(readFileSync(path(), 'utf8')).toBe('{')
  keep({ stateDir: join(dir, 'absent'), screen: screen(said) }, run())
  expect(said.join()).toContain('ENOENT')
})

it('kept cells make a matrix again, of what is still in the catalogue and of the modes asked for', () => {
  const [scenario] = catalogue
  const cells = matrix.cells.filter(cell => cell.scenario === 'eavesdrop')
  expect(scenario?.id).toBe('eavesdrop')
  const verdicts = merged(undefined, run([...cells, { ...cells[0]!, scenario: 'gone' }]))
  const made = matrixOf(verdicts)
  expect(made).toMatchObject({ topology: 'shop', startedAt: first, asExpected: true, unexpected: 0 })
  expect(made.cells).toHaveLength(cells.length)
  expect(made.rows).toHaveLength(3)
  expect(matrixOf(verdicts, ['mtls']).modes).toEqual(['mtls'])
})

const screen = (said: string[] = []): Screen => ({
  ...{ json: false, paint: createPaint(false), columns: 100, live: false },
  ...{ say: () => {}, event: () => {}, answer: () => {} },
  aside: text => said.push(text),
})
