import { execFile, spawnSync } from 'node:child_process'

/** Is a program there? Says loudly what stays unchecked when it is not. */
export const witness = (program: string, otherwise: string): boolean => {
  const { error } = spawnSync(program, ['--version'])
  if (error) console.warn(`\n== NOT TESTED: no ${program} on this machine; ${otherwise}\n`)
  return !error
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
