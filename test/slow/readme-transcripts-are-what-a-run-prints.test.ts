import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const home = mkdtempSync(join(tmpdir(), 'hop-readme-'))
const env = { ...process.env, HOP_STATE: join(home, 'state'), NO_COLOR: '1', COLUMNS: '100' }

/** Runs a command line of the README as it stands; answers all it printed, whatever its exit code. */
const run = (line: string): Promise<string> =>
  new Promise(resolve => {
    execFile('sh', ['-c', line], { env, timeout: 500_000, cwd: process.cwd() }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })

/** Ids, numbers, column widths and where a line is broken differ from run to run; words and verdicts do not. */
const settled = (text: string): string[] =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12,}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\d+(?:\.\d+)?/g, 'N')
    .split(/\s+/)
    .filter(word => word !== '')

const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```console\n([\s\S]*?)```/g)].map(([, text]) => text!)

/** `$ command` lines with the output that follows each. */
const transcripts = blocks.flatMap(block =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map(part => {
      const [command, ...output] = part.split('\n')
      return { command: command!, output: output.join('\n') }
    }),
)

beforeAll(() => run('./hop up --detach'))
afterAll(async () => {
  await run('./hop down')
  rmSync(home, { recursive: true, force: true })
})

test('the README has transcripts', () => {
  expect(transcripts.length).toBeGreaterThan(3)
})

/** With HOP_UPDATE_README set, the README is given what was printed instead of being held against it. */
const rewrite = (command: string, old: string, printed: string) => {
  const block = (output: string) => `\n$ ${command}\n${output}`
  const readme = readFileSync('README.md', 'utf8')
  writeFileSync(
    'README.md',
    readme.replace(`\`\`\`console${block(old)}\`\`\``, () => `\`\`\`console${block(printed)}\`\`\``),
  )
}

test.each(transcripts)('$command', async ({ command, output }) => {
  // `npm start` brings a lab of its own; the others look at the one that is up
  const line = command === 'npm start' ? 'HOP_STATE="$HOP_STATE-start" npm start --silent </dev/null' : command
  const printed = (await run(line)).replaceAll(/\S*hop-readme-\S*/g, '/home/you/hop/.hop')
  if (process.env.HOP_UPDATE_README) rewrite(command, output, printed)
  else expect(settled(printed)).toEqual(settled(output))
})
