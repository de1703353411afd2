import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Address } from '../../services/chassis/transport.ts'
import type { ControlOptions } from '../../services/control/control.ts'

/** Where a control plane is, and what it takes to enrol. */
export type Said = {
  workload: Address
  operator: Address
  bootstrap: string[]
  operatorToken: string
  tokens: Record<string, string>
}

/** A control plane as a process of its own, that can be killed and started again where it was. */
export type ControlChild = {
  pid(): number
  /** As it said at its last start. Addresses and the operator's token stay the same from one start to the next. */
  said(): Said
  /** Resolves when it listens; rejects with what it wrote to standard error when it ended instead. */
  start(): Promise<Said>
  /** SIGKILL, unless it is gone already. */
  kill(): Promise<void>
  /** No file of its may grow beyond (`ulimit -f`), from the next start on. */
  limitFiles(bytes: number | undefined): void
  /** How far its clock is off (ms), from the next start on. */
  setClock(offsetMs: number): void
  /** Resolves with how it ended, should it end. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
}

const program = fileURLToPath(new URL('../integration/control-process.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** `as`: the account it runs under, where that is not ours. */
export const createControlChild = (
  stateDir: string,
  options: Partial<ControlOptions> = {},
  as: { uid?: number; gid?: number } = {},
): ControlChild => {
  let limit: number | undefined
  let clockOffsetMs = 0
  const operatorToken = randomBytes(32).toString('base64url')
  let child: ChildProcess | undefined
  let said: Said | undefined
  let stderr = ''
  let over = Promise.resolve<[number | null, NodeJS.Signals | null]>([0, null])
  const known = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('the control plane was never started')
    return value
  }
  return {
    pid: () => known(child?.pid),
    said: () => known(said),
    async start() {
      const ports = said ? [said.workload.port, said.operator.port] : [0, 0]
      const more = JSON.stringify({ ...options, operatorToken, clockOffsetMs })
      const given = [program, stateDir, ...ports.map(String), more]
      const command = limit === undefined ? 'exec "$@"' : `ulimit -f ${Math.ceil(limit / 512)}; exec "$@"`
      const limited = ['-c', command, 'sh', process.execPath, ...given]
      const started = spawn('/bin/sh', limited, { cwd: root, ...as, stdio: ['ignore', 'pipe', 'pipe'] })
      child = started
      stderr = ''
      started.stderr.on('data', chunk => {
        stderr = (stderr + chunk).slice(-20_000)
      })
      over = once(started, 'close') as Promise<[number | null, NodeJS.Signals | null]>
      const line = once(createInterface({ input: started.stdout }), 'line')
      const early = over.then(([code, signal]) => {
        throw new Error(`the control plane ended (${code ?? signal}): ${stderr}`)
      })
      const [text] = await Promise.race([line, early])
      early.catch(() => {})
      said = JSON.parse(text) as Said
      return said
    },
    async kill() {
      child?.kill('SIGKILL')
      await over
    },
    setClock(offsetMs) {
      clockOffsetMs = offsetMs
    },
    limitFiles(bytes) {
      limit = bytes
    },
    async ended() {
      const [code, signal] = await over
      return { code, signal, stderr }
    },
  }
}
