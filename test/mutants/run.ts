import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Proves that each guard has a test: takes the guard out of a copy of the tree by `<name>.patch` and requires the test the
 * patch names to fail, and to have been green before. A patch begins with three lines: `guard:`, `test:` (the file) and
 * `name:` (what the test's full name contains). A `scenario:` line after them, or several, names the experiment that shows
 * this guard, or whose judge the patch bends. Arguments: names of patches; without any, all.
 */

type Mutant = { id: string; patch: string; guard: string; file: string; name: string }

type Assertion = { fullName: string; status: string; failureMessages: string[] }

const root = fileURLToPath(new URL('../../', import.meta.url))
const here = join(root, 'test/mutants')
const mostMs = 60_000

const field = (text: string, name: string, id: string): string => {
  const value = new RegExp(`^${name}: (.+)$`, 'm').exec(text)?.[1]?.trim()
  if (!value) throw new Error(`${id}.patch has no line "${name}: …"`)
  return value
}

const readMutants = (wanted: readonly string[]): Mutant[] => {
  const known = readdirSync(here).filter(file => file.endsWith('.patch'))
  const unknown = wanted.filter(id => !known.includes(`${id}.patch`))
  if (unknown.length > 0) throw new Error(`no such mutant: ${unknown.join(', ')}`)
  return known
    .map(file => file.slice(0, -'.patch'.length))
    .filter(id => wanted.length === 0 || wanted.includes(id))
    .map(id => {
      const patch = join(here, `${id}.patch`)
      const text = readFileSync(patch, 'utf8')
      const said = (name: string) => field(text, name, id)
      return { id, patch, guard: said('guard'), file: said('test'), name: said('name') }
    })
}

/** The tree as it stands, uncommitted files included, with the modules of the original. */
const copyTree = async (): Promise<string> => {
  const copy = mkdtempSync(join(tmpdir(), 'hop-mutants-'))
  const listed = await run(root, 'git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  if (!listed.ok) throw new Error(`git ls-files: ${listed.stderr}`)
  for (const path of new Set(listed.stdout.split('\0'))) {
    if (path === '' || !statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) continue
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path))
  }
  // what a mutated test leaves behind goes with the copy
  mkdirSync(join(copy, 'tmp'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

const run = (cwd: string, command: string, args: string[]): Promise<{ ok: boolean; stdout: string; stderr: string }> =>
  new Promise(resolve => {
    const env = cwd === root ? process.env : { ...process.env, TMPDIR: join(cwd, 'tmp') }
    execFile(
      command,
      args,
      { cwd, env, encoding: 'utf8', timeout: mostMs, maxBuffer: 1 << 26 },
      (error, stdout, stderr) =>
        resolve({ ok: error === null, stdout, stderr: stderr || String(error?.message ?? '') }),
    )
  })

/** Results of the tests of one file whose names contain one of `names`. Undefined when the file could not be collected. */
const test = async (copy: string, file: string, names: readonly string[]): Promise<Assertion[] | undefined> => {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const pattern = names.map(name => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')
  const project = file.split('/')[1]!
  await run(copy, process.execPath, [
    ...['node_modules/vitest/vitest.mjs', 'run', '--project', project, file, '--testNamePattern', pattern],
    ...[`--testTimeout=${project === 'slow' ? 20_000 : 4_000}`, '--hookTimeout=20000'],
    ...['--reporter=json', `--outputFile=${report}`],
  ])
  if (!statSync(report, { throwIfNoEntry: false })) return undefined
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { assertionResults: Assertion[] }[]
  }
  const found = testResults.flatMap(({ assertionResults }) => assertionResults)
  return found.length === 0 ? undefined : found.filter(({ status }) => status === 'passed' || status === 'failed')
}

/** Why the named tests are not green in the unchanged tree; undefined when they are. */
const notGreen = (results: Assertion[] | undefined, { name }: Mutant): string | undefined => {
  const named = results?.filter(({ fullName }) => fullName.includes(name)) ?? []
  if (named.length === 0) return 'its test was not found'
  return named.every(({ status }) => status === 'passed') ? undefined : 'its test fails without the patch'
}

/** Undefined when the mutant was caught, else what went wrong. */
const survives = async (copy: string, mutant: Mutant): Promise<string | undefined> => {
  const applied = await run(copy, 'git', ['apply', '--whitespace=nowarn', mutant.patch])
  if (!applied.ok) return `the patch does not apply: ${applied.stderr.trim().split('\n')[0]}`
  const results = await test(copy, mutant.file, [mutant.name])
  const restored = await run(copy, 'git', ['apply', '--reverse', '--whitespace=nowarn', mutant.patch])
  if (!restored.ok) throw new Error(`${mutant.id} could not be taken back: ${restored.stderr}`)
  if (!results) return 'the mutated tree could not be loaded: a broken file proves nothing'
  const named = results.filter(({ fullName }) => fullName.includes(mutant.name))
  return named.some(({ status }) => status === 'failed') ? undefined : 'the test stays green without the guard'
}

/** What is wrong with each mutant of some test files, told as it is found out; each in a tree of this worker's own. */
const work = async (files: string[], mutants: readonly Mutant[], tell: (mutant: Mutant, problem?: string) => void) => {
  const copy = await copyTree()
  try {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const mine = mutants.filter(mutant => mutant.file === file)
      const unchanged = await test(
        copy,
        file,
        mine.map(({ name }) => name),
      )
      for (const mutant of mine) tell(mutant, notGreen(unchanged, mutant) ?? (await survives(copy, mutant)))
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const main = async (): Promise<number> => {
  const mutants = readMutants(process.argv.slice(2))
  const files = [...new Set(mutants.map(({ file }) => file))]
  let told = 0
  let failed = 0
  const tell = ({ id, guard }: Mutant, problem?: string) => {
    if (problem) failed++
    console.log(`[${++told}/${mutants.length}] ${problem ? `FAILED ${id}: ${problem}` : `caught ${id}: ${guard}`}`)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(files, mutants, tell)))
  console.log(`${told - failed} passed, ${failed} failed`)
  return failed > 0 || told < mutants.length || told === 0 ? 1 : 0
}

process.exitCode = await main()
