import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'

/** Processes of one run are pinned: the hop under test to one core, load and backend to another. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined

const pinned = (core: number, command: string, args: string[]): [string, string[]] =>
  canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]

/** Starts a Node program of ours; resolves with its first message. */
export const startNode = async (core: number, file: URL, argument: string): Promise<[ChildProcess, unknown]> => {
  const [command, args] = pinned(core, process.execPath, [...process.execArgv, file.pathname, argument])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file.pathname} ended before it was ready`))),
  ])
  return [child, message]
}

/** Starts a foreign program; resolves when its port answers. */
export const startProgram = async (core: number, name: string, argv: string[], port: number): Promise<ChildProcess> => {
  const [command, args] = pinned(core, name, argv)
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const reached = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (reached) return child
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`${name} did not listen on ${port}`)
}

export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** User and system time of a process so far, in microseconds (proc(5), in ticks of 10 ms). */
export const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Peak resident memory of a process in MB. */
export const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
