import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { run } from '../witness/tools.ts'

/** The stack under test: a project and ports of its own, so that nobody's own stack is in its way. */
export const project = 'hop-test'

/** The published ports, as the compose file takes them from the environment; see {@link takePorts}. */
export const portNames = ['EDGE_PORT', 'REDIRECT_PORT', 'OPERATOR_PORT'] as const
export const portOf = (name: (typeof portNames)[number]): string => process.env[name] ?? ''

/** Puts free ports into the environment, for the stack and for whoever asks it. */
export const takePorts = async (): Promise<void> => {
  const servers = await Promise.all(
    portNames.map(async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  for (const [i, server] of servers.entries()) {
    process.env[portNames[i]!] = String((server.address() as AddressInfo).port)
    server.close()
  }
}

const base = process.env.NODE_IMAGE ?? 'node:24-bookworm-slim'

const works = (...args: string[]): boolean => spawnSync('docker', args, { timeout: 300_000 }).status === 0

/** Does an engine answer that has Compose v2, and the base image or a way to it? Asked once for all workers of a run. */
export const engineThere = (): boolean => {
  process.env.HOP_TEST_ENGINE ??= String(
    works('version') &&
      works('compose', 'version') &&
      (works('image', 'inspect', base) || works('pull', '--quiet', base)),
  )
  return process.env.HOP_TEST_ENGINE === 'true'
}

const mostMs = 1_200_000

/** Runs docker to its end; answers what it wrote. Rejects where it fails, with what it wrote as `out`. */
export const docker = async (args: readonly string[], { patienceMs = mostMs, input = '' } = {}): Promise<string> => {
  const { code, out, err } = await run('docker', args, { mostMs: patienceMs, input })
  if (code === 0) return out
  const told = `docker ${args.join(' ').slice(0, 200)}: ${code}\n${out.slice(-2000)}${err.slice(-4000)}`
  throw Object.assign(new Error(told), { out })
}

/** The same for compose, about the stack under test. */
export const compose = (...args: string[]): Promise<string> => docker(['compose', '-p', project, ...args])

/** Our image, under a name of the test's own. */
export const buildImage = async (tag: string): Promise<void> => {
  await docker(['build', '--quiet', '--build-arg', `NODE_IMAGE=${base}`, '--tag', tag, '.'])
}

/** The id of a service's container. */
export const containerOf = async (service: string): Promise<string> =>
  (await compose('ps', '-a', '-q', service)).trim().split('\n')[0]!

/** JavaScript, run by the Node of a service's container; answers what it printed, as JSON. */
export const within = async (service: string, script: string): Promise<unknown> =>
  JSON.parse(await compose('exec', '-T', service, 'node', '--input-type=module', '-e', script))

/** The same in a container of its own that has nothing, in the network namespace of a service's, or on a network. */
export const beside = async (network: string, script: string): Promise<unknown> =>
  JSON.parse(
    await docker([
      ...['run', '--rm', '--network', network, '--read-only', '--cap-drop', 'ALL', '--entrypoint', 'node'],
      ...['hop-by-hop:0.1.0', '--input-type=module', '-e', script],
    ]),
  )

/** A script that tells, of each `host:port`, whether somebody answers there, or the code of what went wrong. */
export const reaching = (places: readonly string[]): string => `
  import { connect } from 'node:net'
  const reach = place => new Promise(resolve => {
    const [host, port] = place.split(':')
    const socket = connect({ host, port: Number(port), timeout: 1500 })
    const end = word => { socket.destroy(); resolve([place, word]) }
    socket.once('connect', () => end('open')).once('timeout', () => end('silent')).once('error', error => end(error.code))
  })
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(${JSON.stringify(places)}.map(reach)))))`
