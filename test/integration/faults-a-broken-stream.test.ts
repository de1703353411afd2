import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startAgent } from '../../services/chassis/agent.ts'
import { createControlClient } from '../../services/chassis/control-client.ts'
import { createLog, createTelemetry } from '../../services/chassis/telemetry.ts'
import { workloadContextOptions } from '../../services/chassis/tls-options.ts'
import type { Workload } from '../../services/chassis/workload.ts'
import { createCleanup, createMesh, until } from '../unit/chassis/mesh.ts'
import { desiredOf } from '../unit/chassis/workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

/** A real agent and its real connection; the control plane says what a test says, the workload notes what it is told. */
const stage = async () => {
  const streams: ServerResponse[] = []
  const acks: { version: number; ok: boolean }[] = []
  const server = createServer(workloadContextOptions(mesh.trust(), mesh.mint('control')))
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {})
    const text = (await request.toArray().catch(() => [])).join('')
    if (request.url === '/v1/stream') {
      response.write('{"type":"ping"}\n')
      return streams.push(response)
    }
    if (request.url === '/v1/ack') acks.push(JSON.parse(text))
    return response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const control = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const credentials = mesh.credentials('orders')
  const logged: string[] = []
  const telemetry = createTelemetry('orders', createLog('orders', { write: line => void logged.push(line) }))
  const applied: number[] = []
  const workload: Workload = {
    name: 'orders',
    listen: async () => control,
    apply: async ({ version }) => void applied.push(version),
    refresh: async () => {},
    judgeAnew: async () => {},
    leave: async () => {},
    expel: () => {},
    observations: () => ({ workload: 'orders', connections: [], requests: [], keyLog: [], held: [], cursor: 0 }),
    close: async () => {},
  }
  const client = createControlClient({ workload: 'orders', trustDomain: 'hop.lab', control, credentials, telemetry })
  const agent = startAgent({ workload, control: client, credentials, telemetry, listening: control, random: () => 0 })
  cleanup.add({
    async close() {
      await agent.close()
      server.closeAllConnections()
      server.close()
    },
  })
  const nth = async (number: number) => {
    await until(() => streams.length >= number)
    return streams[number - 1]!
  }
  return { streams, nth, acks, applied, credentials, logged: () => logged.join('') }
}

const desired = (version: number): string => `${JSON.stringify({ type: 'desired', desired: desiredOf({ version }) })}\n`
const trust = (version: number, changes: object): string => {
  const whole = { type: 'trust', version, revoked: [], revocation: 'hard-fail', ...mesh.trust() }
  return `${JSON.stringify({ ...whole, ...changes })}\n`
}

describe('a stream that breaks is begun again, and what comes then is obeyed', () => {
  const breaks: Record<string, (stream: ServerResponse) => void> = {
    'in the middle of a message, without an end': stream => {
      stream.write(desired(5).slice(0, 40))
      setImmediate(() => stream.destroy())
    },
    'in the middle of a message, by its end': stream => stream.end(desired(5).slice(0, 40)),
    'between two messages': stream => stream.end(),
    'with a line that is no JSON': stream => stream.write('{"type":"desired","desired":{"ver\n'),
    'with a line that is JSON and no message': stream => stream.write('null\n'),
    'with bytes that are no text': stream => stream.write(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a])),
    'with a desired state that is none': stream => stream.write('{"type":"desired"}\n'),
    'with a desired state without its parts': stream => stream.write('{"type":"desired","desired":{"version":5}}\n'),
    'with trust that is none': stream => stream.write('{"type":"trust"}\n'),
  }
  test.each(Object.entries(breaks))('%s', async (_, breaks) => {
    const { nth, streams, applied, acks } = await stage()
    const first = await nth(1)
    breaks(first)
    // whether or not this ends the stream: the next order is carried out
    const say = () => {
      for (const stream of streams) if (!stream.destroyed && !stream.writableEnded) stream.write(desired(7))
    }
    await until(() => {
      say()
      return acks.some(({ version, ok }) => version === 7 && ok)
    })
    expect(applied.at(-1)).toBe(7)
  })

  test('one that comes in pieces is one message', async () => {
    const { nth, applied } = await stage()
    const stream = await nth(1)
    for (const byte of Buffer.from(desired(3))) stream.write(Buffer.of(byte))
    await until(() => applied.length === 1)
    expect(applied).toEqual([3])
  })

  test('a message without end is not gathered for ever', async () => {
    const { nth, streams, logged } = await stage()
    const stream = await nth(1)
    const much = Buffer.alloc(256 * 1024, 0x61)
    for (let sent = 0; sent < 80 && !stream.destroyed; sent++) {
      stream.write(much)
      await new Promise(setImmediate)
    }
    await until(() => streams.length >= 2)
    expect(logged()).toContain('stream to the control plane lost')
  })
})

describe('trust that cannot be used leaves the old one in force, and the next good one is taken', () => {
  const [root] = mesh.trust().bundle
  const garbage: Record<string, object> = {
    'a bundle of garbage': { bundle: ['garbage'] },
    'a bundle that is half written': { bundle: [root!.slice(0, root!.length / 2)] },
    'a bundle whose last line is missing': { bundle: [root!.slice(0, root!.indexOf('-----END'))] },
    'a bundle that holds a second root half': { bundle: [root!, root!.slice(0, 200)] },
    'an empty bundle': { bundle: [] },
    'a bundle that is not a list': { bundle: 'all' },
    'a bundle of somebody who is no CA': { bundle: [mesh.mint('orders').chain] },
    'a list of revocations of garbage': { crl: ['garbage'] },
    'a list of revocations half written': { crl: mesh.trust().crl.map(text => text.slice(0, text.length / 2)) },
    'no bundle at all': { bundle: undefined },
  }
  test.each(Object.entries(garbage))('%s', async (_, changes) => {
    const { nth, streams, credentials, applied } = await stage()
    const before = credentials.trust()
    const stream = await nth(1)
    stream.write(trust(50, changes))
    stream.write(desired(4))
    await until(() => {
      if (streams.length > 1 && !applied.length) streams.at(-1)!.write(desired(4))
      return applied.length > 0
    })
    expect(credentials.trust()).toEqual(before)
    expect(credentials.client(true)).toBeDefined()

    const good = mesh.trust()
    await until(() => {
      streams.at(-1)!.write(trust(60, good))
      return credentials.trust().crl[0] === good.crl[0]
    })
    expect(credentials.trust().bundle).toEqual(good.bundle)
  })
})
