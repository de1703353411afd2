import { EventEmitter, on } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { startAgent } from '../../../services/chassis/agent.ts'
import { type ControlClient, createControlClient } from '../../../services/chassis/control-client.ts'
import type {
  Acknowledgement,
  ControlMessage,
  TrustAcknowledgement,
} from '../../../services/chassis/control-protocol.ts'
import type { CredentialStore } from '../../../services/chassis/credentials.ts'
import type { Desired } from '../../../services/chassis/desired.ts'
import { createOwnClock } from '../../../services/chassis/own-clock.ts'
import { createLog, createTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Workload } from '../../../services/chassis/workload.ts'
import { createCleanup, createMesh, until } from './mesh.ts'
import { desiredOf } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

/** An agent between a control plane and a workload that do what the test says. */
type Changes = {
  store?: CredentialStore
  renewAt?: number
  control?: Partial<ControlClient>
  workload?: Partial<Workload>
  shiftClock?: (offsetMs: number) => boolean
}

const stage = (changes: Changes = {}) => {
  const store = changes.store ?? mesh.credentials('orders')
  const said = new EventEmitter()
  const events: string[] = []
  const acks: Acknowledgement[] = []
  const trustAcks: TrustAcknowledgement[] = []
  const hellos: number[] = []
  const held: { version: number; finish: (error?: Error) => void }[] = []
  let reachable = true
  let cut = new AbortController()
  const control: ControlClient = {
    enrol: async () => {},
    renew: async () => void events.push('renew'),
    obtainPublic: async () => {},
    async *stream({ applied }, signal) {
      hellos.push(applied)
      if (!reachable) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
      for await (const [message] of on(said, 'message', { signal: AbortSignal.any([signal, cut.signal]) }))
        yield message as ControlMessage
    },
    acknowledge: async ack => void acks.push(ack),
    acknowledgeTrust: async ack => void trustAcks.push(ack),
    report: async id => void events.push(`report ${id}`),
    metrics: async (id, text) => void events.push(`metrics ${id} ${text}`),
    close: async () => {},
    ...changes.control,
  }
  const workload: Workload = {
    name: 'orders',
    listen: async () => ({ host: '127.0.0.1', port: 1 }),
    apply: ({ version }) =>
      new Promise((resolve, reject) => {
        events.push(`apply ${version}`)
        held.push({ version, finish: error => (error ? reject(error) : resolve()) })
      }),
    refresh: async () => void events.push('refresh'),
    judgeAnew: async () => void events.push('judge anew'),
    leave: async () => {},
    expel: serials => void events.push(`expel ${[...serials]}`),
    observations: () => ({ workload: 'orders', connections: [], requests: [], keyLog: [], held: [], cursor: 0 }),
    close: async () => {},
    ...changes.workload,
  }
  const lines: string[] = []
  const log = createLog('orders', { write: line => void lines.push(line) })
  const agent = cleanup.add(
    startAgent({
      ...{ workload, control, credentials: store, telemetry: createTelemetry('orders', log), random: () => 0 },
      listening: { host: '127.0.0.1', port: 1 },
      ...(changes.shiftClock ? { shiftClock: changes.shiftClock } : {}),
      ...(changes.renewAt === undefined ? {} : { renewAt: changes.renewAt }),
    }),
  )
  return {
    agent,
    store,
    events,
    acks,
    trustAcks,
    hellos,
    held,
    logged: () => lines.join(''),
    say: (message: ControlMessage) => said.emit('message', message),
    want: (version: number, more: Partial<Desired> = {}) =>
      said.emit('message', { type: 'desired', desired: desiredOf({ version, ...more }) }),
    reach(now: boolean) {
      reachable = now
      if (!now) {
        cut.abort()
        cut = new AbortController()
      }
    },
  }
}

describe('what is desired', () => {
  test('is applied, then acknowledged', async () => {
    const { want, held, acks, events } = stage()
    await until(() => want(3))
    await until(() => held.length === 1)
    expect(acks).toEqual([])
    held[0]!.finish()
    await until(() => acks.length === 1)
    expect(acks).toEqual([{ version: 3, ok: true, drained: true }])
    expect(events).toEqual(['apply 3'])
  })

  test('an older version that arrives late, or while a newer one is being applied, does not win', async () => {
    const { want, held, acks, events } = stage()
    await until(() => want(5))
    want(4)
    await until(() => held.length === 1)
    held[0]!.finish()
    await until(() => acks.length === 1)
    want(3)
    want(6)
    await until(() => held.length === 2)
    held[1]!.finish()
    await until(() => acks.length === 2)
    expect(events).toEqual(['apply 5', 'apply 6'])
    expect(acks.map(({ version }) => version)).toEqual([5, 6])
  })

  test('one that waits for a public certificate is given up when a newer one comes', async () => {
    let obtained = () => {}
    const obtainPublic = () => new Promise<void>(resolve => (obtained = resolve))
    const { want, held, acks, events } = stage({ control: { obtainPublic } })
    await until(() => want(1, { publicNames: ['shop.hop.lab'] }))
    want(2)
    await until(() => held.length === 1)
    obtained()
    held[0]!.finish()
    await until(() => acks.length === 1)
    expect(events).toEqual(['apply 2'])
    expect(acks).toEqual([{ version: 2, ok: true, drained: true }])
  })

  test('a failure to apply is acknowledged as one, with its reason', async () => {
    const { want, held, acks } = stage()
    await until(() => want(1))
    await until(() => held.length === 1)
    held[0]!.finish(new Error('no such upstream'))
    await until(() => acks.length === 1)
    expect(acks).toEqual([{ version: 1, ok: false, drained: false, error: 'no such upstream' }])
  })

  test('an acknowledgement that is lost is not a failure to apply, and is given again', async () => {
    const tried: Acknowledgement[] = []
    const acknowledge = async (ack: Acknowledgement) => {
      if (tried.push(ack) === 1) throw new Error('control-unreachable')
    }
    const { want, held, logged } = stage({ control: { acknowledge } })
    await until(() => want(1))
    await until(() => held.length === 1)
    held[0]!.finish()
    await until(() => tried.length === 2)
    const done = { version: 1, ok: true, drained: true }
    expect(tried).toEqual([done, done])
    expect(logged()).toContain('acknowledgement not delivered')
    expect(logged()).not.toContain('desired state not applied')
  })
})

describe('trust', () => {
  test('is replaced; revoked peers are expelled before anybody is waited for', async () => {
    const { say, events, store } = stage()
    const { bundle, crl } = mesh.trust(['0a'])
    await until(() => say({ type: 'trust', version: 2, revocation: 'hard-fail', bundle, crl, revoked: ['0a'] }))
    await until(() => events.length >= 2)
    expect(events).toEqual(['expel 0a', 'judge anew'])
    expect(store.trust()).toMatchObject({ version: 2, revocation: 'hard-fail', bundle, crl })
  })

  test('that cannot be used leaves the old one, and revoked peers go all the same', async () => {
    const { say, events, store, logged } = stage()
    const before = store.trust()
    await until(() =>
      say({ type: 'trust', version: 3, revocation: 'hard-fail', bundle: ['garbage'], crl: [], revoked: ['0b'] }),
    )
    await until(() => events.length === 1)
    expect(events).toEqual(['expel 0b'])
    expect(store.trust()).toEqual(before)
    expect(logged()).toContain('trust not replaced')
  })

  test('that is the same moves nobody', async () => {
    const { say, events, store } = stage()
    store.setTrust({ ...store.trust(), revocation: 'hard-fail' })
    await until(() => say({ type: 'trust', revocation: 'hard-fail', ...store.trust(), version: 4, revoked: [] }))
    await until(() => events.length === 1)
    expect(events).toEqual(['expel '])
  })
})

describe('trust is acknowledged', () => {
  const message = (version: number, revoked: string[] = []) => ({
    ...{ type: 'trust' as const, version, revocation: 'hard-fail' as const, revoked },
    ...mesh.trust(revoked),
  })

  test('at once as taken, and as drained when nothing older is left', async () => {
    let seenOff = () => {}
    const judgeAnew = () => new Promise<void>(resolve => (seenOff = resolve))
    const { say, trustAcks } = stage({ workload: { judgeAnew } })
    await until(() => say(message(2)))
    await until(() => trustAcks.length === 1)
    await new Promise(setImmediate)
    expect(trustAcks).toEqual([{ version: 2, ok: true, drained: false }])
    seenOff()
    await until(() => trustAcks.length === 2)
    expect(trustAcks[1]).toEqual({ version: 2, ok: true, drained: true })
  })

  test('as refused where it was rolled back; what was revoked before stays so', async () => {
    const { say, trustAcks, events, store } = stage()
    const older = message(3)
    await until(() => say(message(7, ['0a'])))
    await until(() => trustAcks.length === 2)
    say(older)
    await until(() => trustAcks.length === 3)
    expect(events).toEqual(['expel 0a', 'judge anew', 'expel 0a'])
    expect(trustAcks[2]).toMatchObject({ version: 3, ok: false, error: expect.stringContaining('7 or more') })
    expect(store.trust()).toMatchObject({ version: 7 })
    say({ ...older, version: 8 })
    await until(() => trustAcks.length === 4)
    expect(trustAcks[3]).toMatchObject({ version: 8, ok: false, error: expect.stringContaining('CRL number') })
    expect(store.trust()).toMatchObject({ version: 7, revoked: ['0a'] })
  })

  test('and the stream is begun anew where a root was lost, for it rests on that too', async () => {
    const { say, hellos, store } = stage()
    const stranger = createMesh()
    store.setTrust({ ...store.trust(), bundle: [...store.trust().bundle, ...stranger.trust().bundle] })
    await until(() => say(message(2)))
    await until(() => hellos.length === 2)
  })
})

describe('certificates of an earlier epoch', () => {
  test('are renewed before the state is acknowledged, and old connections seen off', async () => {
    let seenOff = () => {}
    const store = mesh.credentials('orders')
    const { want, held, acks, events } = stage({
      store,
      control: { renew: async () => store.setWorkload(mesh.mint('orders'), { epoch: 2 }) },
      workload: { refresh: () => new Promise(resolve => (seenOff = resolve)) },
    })
    const before = store.held()[0]!.serial
    await until(() => want(1, { certificates: { epoch: 2, renewal: true } }))
    await until(() => held.length > 0)
    expect(store.held()[0]!.serial).not.toBe(before)
    expect(events).toContain('apply 1')
    held[0]!.finish()
    await new Promise(setImmediate)
    expect(acks).toEqual([])
    seenOff()
    await until(() => acks.length === 1)
    expect(acks).toEqual([{ version: 1, ok: true, drained: true }])
  })

  test('that cannot be had are told as the failure, and tried again', async () => {
    let tries = 0
    const store = mesh.credentials('orders')
    const renew = async () => {
      if (++tries === 1) throw new Error('control-unreachable')
      store.setWorkload(mesh.mint('orders'), { epoch: 1 })
    }
    const { want, held, acks } = stage({ store, control: { renew } })
    await until(() => want(1, { certificates: { epoch: 1, renewal: false } }))
    await until(() => held.length > 0)
    held[0]!.finish()
    await until(() => acks.length === 2)
    expect(acks).toEqual([
      { version: 1, ok: false, drained: false, error: 'control-unreachable' },
      { version: 1, ok: true, drained: true },
    ])
  })
})

describe('a public certificate', () => {
  test('that cannot be had at first leaves no state unapplied for ever', async () => {
    let tries = 0
    const store = mesh.credentials('edge')
    const obtainPublic = async () => {
      if (++tries < 3) throw new Error('control-unreachable')
      store.setPublic('shop.hop.lab', mesh.mintPublic('shop.hop.lab'))
    }
    const { want, held, acks } = stage({ store, control: { obtainPublic } })
    await until(() => want(1, { publicNames: ['shop.hop.lab'] }))
    await until(() => held.length === 1)
    held[0]!.finish()
    await until(() => acks.at(-1)?.ok === true)
    expect(tries).toBe(3)
    expect(acks.filter(({ ok }) => !ok)).toHaveLength(1)
  })

  test('is got anew where another kind of key is wanted', async () => {
    const asked: unknown[] = []
    const store = mesh.credentials('edge')
    store.setPublic('shop.hop.lab', mesh.mintPublic('shop.hop.lab'))
    const obtainPublic = async (_: string, keyType?: string) => void asked.push(keyType)
    const tls = { minVersion: 'TLSv1.3' as const, suites: [], keyType: 'rsa-2048' as const }
    const { want, held } = stage({ store, control: { obtainPublic } })
    await until(() => want(1, { publicNames: ['shop.hop.lab'] }))
    await until(() => held.length === 1)
    expect(asked).toEqual([])
    want(2, { publicNames: ['shop.hop.lab'], tls })
    await until(() => held.length === 2)
    expect(asked).toEqual(['rsa-2048'])
  })
})

test('a clock that is set has everything judged anew, before that is acknowledged, however often it is said', async () => {
  let seenOff = () => {}
  const refreshed: object[] = []
  const refresh = (what: object) => {
    refreshed.push(what)
    return new Promise<void>(resolve => (seenOff = resolve))
  }
  const { now, shift: shiftClock } = createOwnClock(() => 1_000_000)
  const { want, held, store, acks } = stage({ shiftClock, workload: { refresh } })
  const generation = store.generation()
  await until(() => want(1, { clockOffsetMs: -600_000 }))
  want(1, { clockOffsetMs: -600_000 })
  await until(() => held.length >= 2)
  expect([now(), store.generation(), refreshed]).toEqual([
    400_000,
    generation + 1,
    [{ trustChanged: true, told: false }],
  ])
  for (const { finish } of held) finish()
  await new Promise(setImmediate)
  expect(acks).toEqual([])
  seenOff()
  await until(() => acks.length > 0)
})

describe('while the control plane is away', () => {
  test('the agent asks again and again, and goes on from what is applied', async () => {
    const { reach, want, held, hellos, acks, logged } = stage()
    await until(() => want(7))
    await until(() => held.length === 1)
    held[0]!.finish()
    await until(() => acks.length === 1)
    reach(false)
    await until(() => hellos.length >= 3)
    expect(logged()).toContain('stream to the control plane lost')
    reach(true)
    await until(() => want(8))
    await until(() => held.length === 2)
    expect(hellos[0]).toBe(0)
    expect(new Set(hellos.slice(1))).toEqual(new Set([7]))
  })

  test('a real client finds nobody there: the store still serves, and close ends it at once', async () => {
    const store = mesh.credentials('orders')
    const telemetry = createTelemetry('orders')
    const control = createControlClient({
      ...{ workload: 'orders', trustDomain: 'hop.lab', credentials: store, telemetry },
      control: { host: '127.0.0.1', port: 1 },
    })
    const { agent } = stage({ store, control: { stream: control.stream, renew: control.renew, close: control.close } })
    await until(() => telemetry.observations(0, []).connections.length >= 2)
    expect(telemetry.observations(0, []).connections[0]?.failure?.name).toBe('connection-refused')
    expect(store.client(true)).toBeDefined()
    await agent.close()
  })
})

describe('renewal', () => {
  const shortLived = (ms: number): CredentialStore => {
    const store = mesh.credentials('orders')
    const held = store.held()
    return { ...store, held: () => held.map(one => ({ ...one, notAfter: new Date(Date.now() + ms).toISOString() })) }
  }

  test('comes at a share of the lifetime, and callers go on with the new certificate', async () => {
    const { events, hellos } = stage({ store: shortLived(100), renewAt: 0.5 })
    await until(() => events.includes('refresh'))
    expect(events.slice(0, 2)).toEqual(['renew', 'refresh'])
    // the stream is begun anew, as the new certificate
    await until(() => hellos.length >= 2)
  })

  test('that fails keeps the old certificate and is tried again', async () => {
    let tries = 0
    const renew = async () => {
      if (++tries < 3) throw new Error('control-unreachable')
    }
    const { events, store, logged } = stage({ store: shortLived(50), control: { renew } })
    const before = store.generation()
    await until(() => events.includes('refresh'))
    expect(tries).toBe(3)
    expect(store.generation()).toBe(before)
    expect(logged().match(/renewal failed; the old certificate stays/g)).toHaveLength(2)
  })

  test('far away does not come at once: a timer beyond its limit would', async () => {
    const { events, want } = stage({ store: shortLived(400 * 24 * 3600_000) })
    await until(() => want(1))
    await until(() => events.includes('apply 1'))
    expect(events).toEqual(['apply 1'])
  })
})
