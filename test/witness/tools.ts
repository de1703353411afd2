import { execFile, spawnSync } from 'node:child_process'

/** Is a program there, or a plugin of one (`docker compose`)? Says loudly what stays unchecked when it is not. */
export const witness = (name: string, otherwise: string): boolean => {
  const [program = '', plugin] = name.split(' ')
  const { error, status } = spawnSync(program, plugin ? [plugin, 'version'] : ['--version'])
  // not every program knows the word, but each has to run
  const there = !error && (plugin === undefined || status === 0)
  if (!there) console.warn(`\n== NOT TESTED: no ${name} on this machine; ${otherwise}\n`)
  return there
}

export type Ran = { code: number; out: string; err: string }

const mostBytes = 1 << 26

/** Runs a program to its end, in a language everybody reads. `input` goes to it, then its end. */
export const run = (
  program: string,
  args: readonly string[],
  { input = '', mostMs = 30_000 }: { input?: string; mostMs?: number } = {},
): Promise<Ran> =>
  new Promise(resolve => {
    const options = { timeout: mostMs, maxBuffer: mostBytes, env: { ...process.env, LC_ALL: 'C' } }
    const child = execFile(program, args, options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
