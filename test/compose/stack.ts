import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Observations } from '../../services/chassis/observation.ts'
import type { ControlState } from '../../services/control/glance.ts'
import { compose, docker, engineThere, portOf, project, takePorts } from './engine.ts'

const label = `label=com.docker.compose.project=${project}`

/** What there is of the stack: containers, networks, volumes. */
export const remains = async (): Promise<string[]> => {
  const lists = [
    ['ps', '-a', '--format', '{{.Names}}'],
    ['network', 'ls', '--format', '{{.Name}}'],
    ['volume', 'ls', '--format', '{{.Name}}'],
  ]
  const found = await Promise.all(lists.map(args => docker([...args, '--filter', label])))
  return found.flatMap(text => text.split('\n')).filter(name => name !== '')
}

const takeDown = () => compose('--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '10')

/** Builds, starts and waits; afterwards takes all of it away and sees that nothing is left. */
export const setup = async () => {
  if (!engineThere()) {
    console.warn(
      '\n== NOT TESTED: no Docker engine answers here that has Compose v2 and the base image; nothing of the lab in containers was tried\n',
    )
    return () => {}
  }
  await takePorts()
  await takeDown()
  await compose('build')
  const began = performance.now()
  await compose('up', '--detach', '--wait', '--wait-timeout', '110').catch(async error => {
    await takeDown()
    throw error
  })
  console.warn(`the stack was well after ${((performance.now() - began) / 1000).toFixed(1)} s, from a built image`)
  return async () => {
    await takeDown()
    const left = await remains()
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
  }
}

/** The operator's token, as whoever may use the engine gets it. */
const token = async () => (await compose('exec', '-T', 'control', 'cat', '/run/hop/operator/operator-token')).trim()

/** Asks the operator API as people do: on the published port. */
export const operator = async (method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown): Promise<unknown> => {
  const answer = await request(`http://127.0.0.1:${portOf('OPERATOR_PORT')}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await token()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headersTimeout: 60_000,
  })
  const text = await answer.body.text()
  if (answer.statusCode >= 300) throw Object.assign(new Error(text), { code: JSON.parse(text).code })
  return text === '' ? undefined : JSON.parse(text.trim().split('\n').at(-1)!)
}

export const state = async () => (await operator('GET', '/api/state')) as ControlState

export const report = async (workload: string) =>
  (await operator('GET', `/api/workloads/${workload}/report?since=0`)) as Observations

/** Waits until everybody is there and did as told. */
export const settled = (): Promise<void> =>
  until(async () => {
    const { settled: is, rollout, workloads } = await state()
    if (is) return true
    const missing = workloads.filter(({ connected, version, acked }) => !connected || acked < version)
    throw new Error(`not settled: ${JSON.stringify({ rollout, missing })}`)
  })

/** Looks again and again until something holds. Rejects with what was in the way last, after a while. */
export const until = async (holds: () => Promise<boolean>, mostMs = 120_000): Promise<void> => {
  let last: unknown = new Error('it did not come to hold')
  for (const end = performance.now() + mostMs; performance.now() < end; await wait(200)) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
  }
  throw last
}

/** Puts the stack into a mode. */
export const inMode = async (mode: string): Promise<void> => {
  await settled()
  await operator('PUT', '/api/mode', { mode })
  await settled()
}

let roots: string | undefined

/**
 * An order over the published port of the edge: its status, and the problem's name where it has one. Whom to trust is asked
 * of the control plane, and remembered for when that is away.
 */
export const order = async (): Promise<{ status: number; failure?: string }> => {
  roots = await state().then(
    ({ bundle }) => bundle,
    () => roots,
  )
  const dispatcher = new Agent({
    connect: { ca: roots, servername: 'shop.hop.lab' },
    headersTimeout: 30_000,
  })
  try {
    const { statusCode: status, body } = await request(`https://127.0.0.1:${portOf('EDGE_PORT')}/orders`, {
      ...{ dispatcher, method: 'POST' },
      headers: { host: `shop.hop.lab:${portOf('EDGE_PORT')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ card: '4000000000000002', amount: 4200, address: '1 Harbour Street', stock: 'mug' }),
    })
    const answer = (await body.json()) as { failure?: string }
    return { status, ...(answer.failure === undefined ? {} : { failure: answer.failure }) }
  } finally {
    await dispatcher.destroy()
  }
}
