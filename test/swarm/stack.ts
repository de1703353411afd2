import { setTimeout as wait } from 'node:timers/promises'
import { docker } from '../compose/engine.ts'

/** The stack under test, and ports that nobody else's stack is likely to have. */
export const stack = 'hop-swarm-test'
export const image = 'hop-by-hop:swarm-test'
export const ports = { EDGE_PORT: '28443', REDIRECT_PORT: '28080' }

const lines = (text: string): string[] => text.split('\n').filter(line => line !== '')

/** Looks again and again until something holds; answers whether it came to. */
export const until = async (holds: () => Promise<boolean>, mostMs = 180_000): Promise<boolean> => {
  for (const end = performance.now() + mostMs; performance.now() < end; await wait(500)) if (await holds()) return true
  return false
}

/** A one-node swarm, unless this machine is in one; answers what leaves it again. */
export const join = async (): Promise<() => Promise<void>> => {
  const inOne = (await docker(['info', '--format', '{{.Swarm.LocalNodeState}}'])).trim() !== 'inactive'
  if (inOne) return async () => {}
  await docker(['swarm', 'init', '--advertise-addr', '127.0.0.1'])
  return async () => {
    await docker(['swarm', 'leave', '--force'])
    // made by joining, and not taken away by leaving
    await docker(['network', 'rm', 'docker_gwbridge']).catch(() => {})
  }
}

/** Each service of the stack and how many of its tasks run and are well, `1/1`. */
export const replicas = async (): Promise<Record<string, string>> => {
  const told = await docker(['stack', 'services', stack, '--format', '{{.Name}} {{.Replicas}}'])
  return Object.fromEntries(
    lines(told).map(line => {
      const [name = '', ...rest] = line.split(' ')
      return [name.replace(`${stack}_`, ''), rest.join(' ')]
    }),
  )
}

/** What there is of the stack: services, tasks' containers, networks, secrets, configs, volumes. */
export const remains = async (): Promise<string[]> => {
  const label = ['--filter', `label=com.docker.stack.namespace=${stack}`]
  const named = ['--format', '{{.Name}}', ...label]
  const lists = [
    ['service', 'ls', ...named],
    ['ps', '-a', '--format', '{{.Names}}', ...label],
    ['network', 'ls', ...named],
    ['secret', 'ls', ...named],
    ['config', 'ls', ...named],
    ['volume', 'ls', ...named],
  ]
  return (await Promise.all(lists.map(async args => lines(await docker(args))))).flat()
}

/** Takes the stack away, and with it what the control plane kept. */
export const takeAway = async (): Promise<void> => {
  await docker(['stack', 'rm', stack])
  await until(async () => (await remains()).every(name => name === `${stack}_state`))
  await docker(['volume', 'rm', '--force', `${stack}_state`])
}

/** Runs something in the container of a service's task. */
export const inside = async (service: string, ...command: string[]): Promise<string> => {
  const filters = ['--filter', `label=com.docker.swarm.service.name=${stack}_${service}`, '--filter', 'status=running']
  const [container = 'none'] = lines(await docker(['ps', '-q', ...filters]))
  return docker(['exec', container, ...command])
}
