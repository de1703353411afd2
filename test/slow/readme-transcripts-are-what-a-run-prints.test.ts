import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settled, transcriptsOf, withOutputs } from './transcripts.ts'

const home = mkdtempSync(join(tmpdir(), 'hop-readme-'))
const env = { ...process.env, HOP_STATE: join(home, 'state'), NO_COLOR: '1', COLUMNS: '100' }

/** Runs a command line of the README as it stands; answers all it printed, whatever its exit code. */
const run = (line: string): Promise<string> =>
  new Promise(resolve => {
    execFile('sh', ['-c', line], { env, timeout: 500_000, cwd: process.cwd() }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })

// those of containers are run against the stack, by the tests of compose
const transcripts = transcriptsOf(readFileSync('README.md', 'utf8')).filter(
  ({ command }) => !command.startsWith('docker'),
)

beforeAll(() => run('./hop up --detach'))
afterAll(async () => {
  await run('./hop down')
  rmSync(home, { recursive: true, force: true })
})

test('the README has transcripts', () => {
  expect(transcripts.length).toBeGreaterThan(3)
})

const requestId = /request id ([0-9a-f]+)/

/** Ids of requests as the README has them, and those of this run: what is asked about one there is asked about the other. */
const ids = new Map<string, string>()
const printedNow: { command: string; output: string }[] = []

const ofThisRun = (text: string) => [...ids].reduce((line, [there, here]) => line.replaceAll(there, here), text)

/** With HOP_UPDATE_README set, the README is given what was printed instead of being held against it. */
const updating = Boolean(process.env.HOP_UPDATE_README)

afterAll(() => {
  if (updating) writeFileSync('README.md', ofThisRun(withOutputs(readFileSync('README.md', 'utf8'), printedNow)))
})

test.each(transcripts)('$command', async ({ command, output }) => {
  // `npm start` brings a lab of its own; the others look at the one that is up
  const line =
    command === 'npm start' ? 'HOP_STATE="$HOP_STATE-start" npm start --silent </dev/null' : ofThisRun(command)
  const printed = (await run(line)).replaceAll(/\S*hop-readme-\S*/g, '/home/you/hop/.hop')
  const [there, here] = [output, printed].map(text => requestId.exec(text)?.[1])
  if (there && here) ids.set(there, here)
  printedNow.push({ command, output: printed })
  if (!updating) expect(settled(printed)).toEqual(settled(output))
})
