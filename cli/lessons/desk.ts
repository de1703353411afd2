import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What somebody who takes a lesson sits at: lines he types, commands that are run for him. */
export type Desk = {
  /** The next line; undefined once there will be none, or when `signal` says that nobody waits for it any more. */
  line(prompt: string, signal: AbortSignal): Promise<string | undefined>
  /** Runs a command as it stands in a lesson; answers what it printed, where it was caught. */
  run(command: string): Promise<{ code: number | null; output: string }>
}

type DeskOptions = { catching: boolean; lesson: number; input?: NodeJS.ReadableStream; output?: NodeJS.WritableStream }

/** Tells a command that is run for somebody in a lesson which one he is in. */
export const within = 'HOP_LESSON'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The terminal, in a lesson. `catching`: what commands print is caught too, for whoever compares it. */
export const createDesk = (
  stateDir: string,
  { catching, lesson, input = process.stdin, output = process.stdout }: DeskOptions,
): Desk => ({
  line: (prompt, signal) =>
    new Promise(resolve => {
      output.write(prompt)
      // not in raw mode: Ctrl-C stays a signal, and a command that is run has the terminal to itself
      const lines = createInterface({ input, terminal: false })
      const end = (line: string | undefined) => {
        // closing tells everybody who listens that there is no line, so the line has to be told before
        resolve(line)
        signal.removeEventListener('abort', leave)
        lines.close()
      }
      const leave = () => end(undefined)
      signal.addEventListener('abort', leave)
      lines.once('line', end)
      lines.once('close', leave)
    }),
  run: command =>
    new Promise((resolve, reject) => {
      const child = spawn('sh', ['-c', command], {
        cwd: root,
        env: {
          ...process.env,
          HOP_STATE: stateDir,
          [within]: String(lesson),
          ...(catching ? { NO_COLOR: '1', COLUMNS: '100' } : {}),
        },
        stdio: catching ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (piece: string) => {
          output += piece
        })
      child.once('error', reject)
      child.once('close', code => resolve({ code, output }))
    }),
})
