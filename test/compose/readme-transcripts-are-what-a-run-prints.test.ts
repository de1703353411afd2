import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transcriptsOf, withOutputs, settled as words } from '../slow/transcripts.ts'
import { run } from '../witness/tools.ts'
import { engineThere, project } from './engine.ts'
import { operator, settled } from './stack.ts'

const transcripts = transcriptsOf(readFileSync('README.md', 'utf8')).filter(({ command }) =>
  command.startsWith('docker'),
)
const printedNow: { command: string; output: string }[] = []
const updating = Boolean(process.env.HOP_UPDATE_README)

describe.skipIf(!engineThere())('what the README shows of containers', () => {
  beforeAll(async () => {
    process.env.COMPOSE_PROJECT_NAME = project
    await settled()
    await operator('PUT', '/api/mode', { mode: 'mtls' })
  })
  afterAll(() => {
    if (updating) writeFileSync('README.md', withOutputs(readFileSync('README.md', 'utf8'), printedNow))
  })

  test('is something', () => {
    expect(transcripts.length).toBeGreaterThan(0)
  })

  test.each(transcripts)('$command', async ({ command, output }) => {
    // what compose itself tells of containers it makes goes to standard error
    const { out } = await run('sh', ['-c', command], { mostMs: 120_000 })
    printedNow.push({ command, output: out })
    if (!updating) expect(words(out)).toEqual(words(output))
  })
})
