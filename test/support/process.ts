import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

// what the shell that runs the tests has set for a lab of its own is not for these
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOP_')))

/**
 * Starts a part of the shop as a process of its own; `children` gets it, for whoever ends them all. `ready`: what it says of
 * itself in its first line.
 */
export const startProcess = (children: ChildProcess[], args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(process.execPath, ['services/main.ts', ...args], {
    env: { ...inherited, HOP_TOPOLOGY: 'topologies/shop.yaml', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', piece => {
      said.text += piece
    })
  const ready = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(line))
  ready.catch(() => {})
  return { child, said, ready, ended: once(child, 'close').then(([code]) => code as number) }
}
