import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findLab } from '../lab/state-file.ts'
import { HopError } from '../pki/error.ts'
import { errorOf, type ProblemParts } from '../scenarios/lab-http.ts'
import { readTopology } from '../services/topology/file.ts'
import type { Context } from './command.ts'
import { exit } from './exit.ts'
import { takeInterrupts } from './interrupts.ts'
import { describe } from './lab-process.ts'
import type { UpOptions } from './options.ts'
import { situationLines } from './render/situation.ts'

type Said = { ready: true } | { error: ProblemParts & { message?: string } }

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** Starts `hop up` in a process of its own, waits until it is ready, and leaves it. Throws what the other refused with. */
export const detach = async ({ stateDir, screen }: Context, options: UpOptions): Promise<number> => {
  const interrupts = takeInterrupts()
  const child = fork(main, argumentsOf(stateDir, options), {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const { promise, resolve } = Promise.withResolvers<Said | number | null>()
  child.once('message', message => resolve(message as Said))
  child.once('exit', resolve)
  child.once('error', () => resolve(null))
  const said = await Promise.race([promise, interrupts.ended])
  if (typeof said === 'string') {
    child.kill('SIGTERM')
    await Promise.race([promise, interrupts.patience()])
    return exit.interrupted
  }
  if (said === null || typeof said === 'number')
    throw new HopError('lab-not-started', {
      message: `The lab ended with ${said ?? 'a signal'} before it was ready`,
      remedy: `Its log is in ${stateDir}`,
    })
  if ('error' in said) throw errorOf({ ...said.error, detail: said.error.message ?? 'it did not say why' })
  const file = findLab(stateDir)
  child.unref()
  if (child.connected) child.disconnect()
  const { edge, operator } = file.access
  const topology = readTopology(options.topologyFile)
  screen.answer(describe(stateDir, file), () =>
    [
      `The lab is up in process ${file.pid}; hop down ends it`,
      `  edge          https://${topology.ingress.serverName} on ${edge.host}:${edge.port}`,
      `  operator API  ${operator} (its token is in lab.json)`,
      `  state         ${stateDir}`,
      ...(options.topologyGiven ? situationLines(topology) : []),
    ].join('\n'),
  )
  return exit.ok
}

const argumentsOf = (stateDir: string, options: UpOptions): string[] => [
  ...['up', '--announce', '--state', stateDir],
  ...(options.topologyGiven ? ['--topology', options.topologyFile] : []),
  ...(options.mode ? ['--mode', options.mode] : []),
  ...(options.wire ? [] : ['--no-wire']),
  ...(options.operatorPort ? ['--operator-port', String(options.operatorPort)] : []),
  ...(options.edgePort ? ['--edge-port', String(options.edgePort)] : []),
  ...(options.lifetimeMs ? ['--lifetime', `${options.lifetimeMs / 1000}s`] : []),
]
