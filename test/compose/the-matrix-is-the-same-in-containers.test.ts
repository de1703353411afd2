import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cell } from '../../scenarios/scenario.ts'
import { modes } from '../../services/modes.ts'
import { compose, engineThere } from './engine.ts'
import { settled } from './stack.ts'

type Told = { cells: Cell[] }

const run = promisify(execFile)
const there = engineThere()
const home = there ? mkdtempSync(join(tmpdir(), 'hop-embedded-')) : ''
const mostBytes = 1 << 28

/** The verdicts by experiment and link; why, where one is not as its table has it. */
const verdicts = ({ cells }: Told, mode: string): Record<string, string> =>
  Object.fromEntries(
    cells
      .filter(cell => cell.mode === mode)
      .map(({ scenario, link, verdict, asExpected, because }) => [
        `${scenario}${link ? ` on ${link}` : ''}`,
        asExpected ? verdict : `${verdict}, unexpected: ${because}`,
      ]),
  )

describe.skipIf(!there)('the matrix', () => {
  let embedded: Told
  const hop = async (...args: string[]) => {
    const { stdout } = await run('./hop', [...args, '--state', home, '--json'], { maxBuffer: mostBytes })
    return JSON.parse(stdout)
  }

  beforeAll(async () => {
    await hop('up', '--detach')
    embedded = await hop('matrix').catch(error => JSON.parse(error.stdout))
    await hop('down')
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test.each(modes)('in %s is the same in containers, cell by cell', async mode => {
    await settled()
    const asked = ['run', '--rm', '-T', 'scenarios', 'hop', 'matrix', '--mode', mode, '--json']
    const inContainers = JSON.parse(await compose(...asked).catch(error => outputOf(error))) as Told
    expect(verdicts(inContainers, mode)).toEqual(verdicts(embedded, mode))
    expect(Object.keys(verdicts(embedded, mode)).length).toBeGreaterThan(100)
  })
})

/** A matrix with an unexpected cell ends with 1, and is told all the same. */
const outputOf = (error: Error & { out?: string }): string => {
  if (error.out) return error.out
  throw error
}
