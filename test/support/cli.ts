import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readLabFile } from '../../lab/state-file.ts'

const launcher = fileURLToPath(new URL('../../hop', import.meta.url))

export type Ended = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string }

export type Running = { child: ChildProcess; ended: Promise<Ended>; until(text: string): Promise<void> }

/** Directories with labs in them; what still runs there at the end is ended. */
export const createHome = () => {
  const home = mkdtempSync(join(tmpdir(), 'hop-cli-'))
  const dirs: string[] = []
  return {
    home,
    dir: (name: string): string => {
      dirs.push(join(home, name))
      return join(home, name)
    },
    clean: () => {
      for (const dir of dirs) {
        try {
          const pid = readLabFile(dir)?.pid
          if (pid !== undefined) process.kill(pid, 'SIGKILL')
        } catch {
          // gone already, or never there
        }
      }
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** More than any command takes, on a machine that is busy too. */
const patienceMs = 500_000

/** The real command, as a user starts it, without a terminal. */
export const start = (args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Running => {
  const { HOP_STATE: _, FORCE_COLOR: __, NO_COLOR: ___, ...env } = process.env
  const child = spawn(launcher, args, {
    ...options,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { out: '', err: '' }
  const waiting = new Set<() => void>()
  for (const [name, stream] of [['out', child.stdout] as const, ['err', child.stderr] as const])
    stream.setEncoding('utf8').on('data', piece => {
      text[name] += piece
      for (const look of waiting) look()
    })
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, ...text })
    })
  })
  return {
    child,
    ended,
    until: wanted =>
      new Promise((resolve, reject) => {
        const look = () => {
          if ((text.out + text.err).includes(wanted)) resolve()
        }
        waiting.add(look)
        ended.then(() => reject(new Error(`ended without saying ${wanted}: ${text.out}${text.err}`)), reject)
        look()
      }),
  }
}

export const hop = (...args: string[]): Promise<Ended> => start(args).ended

/** The JSON document a command answers with. */
export const answerOf = async (...args: string[]) => {
  const { code, out, err } = await hop(...args, '--json')
  try {
    return { code, answer: JSON.parse(out) }
  } catch {
    throw new Error(`no JSON from hop ${args.join(' ')}: ${out}${err}`)
  }
}
