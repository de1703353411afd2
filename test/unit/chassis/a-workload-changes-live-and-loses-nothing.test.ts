import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { Desired, UpstreamSpec } from '../../../services/chassis/desired.ts'
import type { Handler, Program } from '../../../services/chassis/program.ts'
import type { KeyPair } from '../../../services/chassis/tls-options.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { createCleanup, createMesh, dial, dialRaw, idOf, serve, uncheckedCredentials, until } from './mesh.ts'
import { answered, desiredOf, echo, keepAlive, letIn, requestText, send, startWorkload } from './workloads.ts'

const mesh = createMesh()
const cleanup = createCleanup()
afterEach(cleanup.run)

const open = (more: Partial<Desired> = {}) => desiredOf({ rules: [letIn('anyone')], ...more })

/** A workload whose requests to `/slow` wait until they are let go. */
const slowWorkload = async (desired: Desired, store = mesh.credentials('orders')) => {
  const waiting: (() => void)[] = []
  const handler: Handler = (request, response, context) => {
    if (request.url !== '/slow') return echo(request, response, context)
    waiting.push(() => echo(request, response, context))
  }
  return { ...cleanup.add(await startWorkload(store, desired, { handler })), waiting, store }
}

/** Asks orders, and passes on its status. */
const callsOrders: Program = async site => ({
  handler: (_request, response, context) =>
    void site
      .upstream('orders')
      .call(context, { method: 'GET', path: '/' })
      .then(({ status }) => {
        response.statusCode = status
        response.end('{}')
      }),
  close: async () => {},
})

const settledFlag = (promise: Promise<unknown>) => {
  const flag = { settled: false }
  promise.then(() => {
    flag.settled = true
  })
  return flag
}

describe('narrowing', () => {
  test('a kept-alive plaintext connection does not go on after strict', async () => {
    const orders = await slowWorkload(open({ accepts: ['plaintext', 'mtls'] }))
    const client = await keepAlive(orders.address)
    client.ask()
    expect(await client.next()).toMatchObject({ status: 200, head: expect.stringMatching(/keep-alive/i) })
    await orders.apply(open({ version: 2, accepts: ['mtls'] }))
    await client.closed
    expect(await send(orders.address)).toMatchObject({ status: 426 })
  })

  test('one that brings another request while it is asked to leave gets the answer, and with it the end', async () => {
    const orders = await slowWorkload(open({ accepts: ['plaintext', 'mtls'] }))
    const client = await keepAlive(orders.address)
    client.ask()
    await client.next()
    const narrowed = orders.apply(open({ version: 2, accepts: ['mtls'] }))
    client.ask()
    expect(await client.next()).toMatchObject({ status: 200, head: expect.stringMatching(/connection: close/i) })
    await Promise.all([client.closed, narrowed])
  })

  test('a request in flight is answered first; until then the change is not acknowledged', async () => {
    const orders = await slowWorkload(open({ accepts: ['plaintext', 'mtls'] }))
    const client = await keepAlive(orders.address)
    client.ask({ path: '/slow' })
    await until(() => orders.waiting.length === 1)
    const narrowed = orders.apply(open({ version: 2, accepts: ['mtls'] }))
    const flag = settledFlag(narrowed)
    expect(await send(orders.address)).toMatchObject({ status: 426 })
    expect(flag.settled).toBe(false)
    orders.waiting[0]!()
    expect(await client.next()).toMatchObject({ status: 200, head: expect.stringMatching(/connection: close/i) })
    await Promise.all([client.closed, narrowed])
  })

  test('a handshake that began before and ends after is judged by what is accepted then', async () => {
    const orders = await slowWorkload(open({ accepts: ['tls', 'mtls'] }))
    const socket = tlsConnect({ ...orders.address, rejectUnauthorized: false, checkServerIdentity: () => undefined })
    socket.on('error', () => {})
    const narrowed = orders.apply(open({ version: 2, accepts: ['mtls'] }))
    socket.write(requestText({}))
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
    await narrowed
    expect(text).toBe('')
  })

  test('connections that still qualify are left alone', async () => {
    const orders = await slowWorkload(open({ accepts: ['plaintext', 'mtls'] }))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls', {}, 1))
    await caller.ask()
    await orders.apply(open({ version: 2, accepts: ['mtls'] }))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    expect(caller.records()).toHaveLength(1)
  })
})

describe('a revoked peer', () => {
  test('loses its live connection at once, in the middle of a request too; others do not notice', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const lost = mesh.mint('gateway')
    const rogue = cleanup.add(dial(uncheckedCredentials(lost, mesh.trust()), orders.address, 'mtls'))
    const good = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls', {}, 1))
    await Promise.all([rogue.ask(), good.ask()])
    const asked = [rogue.ask('/slow'), good.ask('/slow')]
    await until(() => orders.waiting.length === 2)
    orders.expel(new Set([lost.serial]))
    expect(await asked[0]).toMatchObject({ failure: 'connection-closed' })
    for (const go of orders.waiting) go()
    expect(await asked[1]).toMatchObject({ status: 200 })
    expect(good.records()).toHaveLength(1)
  })

  test('does not get in by a handshake that began before', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const lost = mesh.mint('gateway')
    const caller = cleanup.add(dial(uncheckedCredentials(lost, mesh.trust()), orders.address, 'mtls'))
    // the list of trust says nothing yet, as it did when the handshake began
    orders.expel(new Set([lost.serial]))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    expect(orders.observations(0).requests).toEqual([])
  })
})

describe('new trust', () => {
  test('asks callers proven under the old one to come again, after the answer they wait for', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls', 'plaintext'] }))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls', {}, 1))
    const plain = await keepAlive(orders.address)
    plain.ask()
    await plain.next()
    const asked = caller.ask('/slow')
    await until(() => orders.waiting.length === 1)
    orders.store.setTrust(mesh.trust())
    const refreshed = orders.refresh({ trustChanged: true })
    const flag = settledFlag(refreshed)
    plain.ask()
    expect(await plain.next()).toMatchObject({ status: 200 })
    expect(flag.settled).toBe(false)
    orders.waiting[0]!()
    expect(await asked).toMatchObject({ status: 200 })
    await refreshed
    expect(await caller.ask()).toMatchObject({ status: 200 })
    expect(caller.records()).toHaveLength(2)
    plain.socket.destroy()
  })

  test('that bears a caller as the old one did leaves his connection as it is, whether or not he was told', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls', {}, 1))
    for (let turn = 0; turn < 3; turn++) {
      orders.store.setTrust(mesh.trust())
      await orders.judgeAnew()
      expect(await caller.ask()).toMatchObject({ status: 200 })
    }
    expect(caller.records()).toHaveLength(1)
  })

  test('judges new connections of an old way out too, which stays', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const own = mesh.credentials('gateway')
    const caller = cleanup.add(dial(own, orders.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    own.setTrust(mesh.trust([orders.store.held()[0]!.serial]))
    const asked = [caller.ask('/slow'), caller.ask()]
    await until(() => orders.waiting.length === 1)
    expect(await asked[1]).toMatchObject({ failure: 'revoked' })
    orders.waiting[0]!()
    expect(await asked[0]).toMatchObject({ status: 200 })
  })

  test('that bears a caller no longer asks him alone to come again, after the answer he waits for', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const lost = mesh.mint('gateway')
    const [bad, good] = [uncheckedCredentials(lost, mesh.trust()), mesh.credentials('gateway')].map(credentials =>
      cleanup.add(dial(credentials, orders.address, 'mtls', {}, 1)),
    )
    const asked = [bad!.ask('/slow'), good!.ask('/slow')]
    await until(() => orders.waiting.length === 2)
    orders.store.setTrust({ ...mesh.trust([lost.serial]), revocation: 'hard-fail' })
    const seenOff = settledFlag(orders.judgeAnew())
    await new Promise(setImmediate)
    expect(seenOff.settled).toBe(false)
    for (const go of orders.waiting) go()
    expect(await Promise.all(asked)).toMatchObject([{ status: 200 }, { status: 200 }])
    await until(() => seenOff.settled)
    expect(await good!.ask()).toMatchObject({ status: 200 })
    expect([good!.records().length, (await bad!.ask()).status]).toEqual([1, undefined])
  })

  test('in the middle of a handshake: who was judged under the old one is served once and asked to come again', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const { socket, release } = await handshakeHeld(orders.address, mesh.mint('gateway'))
    orders.store.setTrust(mesh.trust())
    await orders.refresh({ trustChanged: true })
    release()
    socket.write(requestText({}))
    const [data] = await once(socket, 'data')
    expect(answered(String(data))).toMatchObject({ status: 200, head: expect.stringMatching(/connection: close/i) })
    if (!socket.closed) await once(socket, 'close')
  })

  test('in the middle of a handshake: who is revoked meanwhile gets no answer', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const lost = mesh.mint('gateway')
    const { socket, release } = await handshakeHeld(orders.address, lost)
    orders.store.setTrust(mesh.trust([lost.serial]))
    orders.expel(new Set([lost.serial]))
    release()
    socket.write(requestText({}))
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
    expect(text).toBe('')
    expect(orders.observations(0).requests).toEqual([])
  })

  test('a renewed certificate alone moves callers only', async () => {
    const orders = await slowWorkload(open({ accepts: ['mtls'] }))
    const caller = cleanup.add(dial(mesh.credentials('gateway'), orders.address, 'mtls', {}, 1))
    await caller.ask()
    orders.store.setWorkload(mesh.mint('orders'))
    await orders.refresh({ trustChanged: false })
    expect(await caller.ask()).toMatchObject({ status: 200 })
    expect(caller.records()).toHaveLength(1)
  })
})

describe('upstreams', () => {
  const specTo = (address: { host: string; port: number }, more: Partial<UpstreamSpec> = {}): UpstreamSpec => ({
    ...{ link: 'gateway:orders', callee: 'orders', transport: 'plaintext', address, id: idOf('orders'), verify: true },
    ...more,
  })

  test('change transport, address and credentials under load without losing a request', async () => {
    const store = mesh.credentials('orders')
    const callees = [
      cleanup.add(await serve(store, ['plaintext', 'tls', 'mtls'])),
      cleanup.add(await serve(store, ['plaintext', 'tls', 'mtls'])),
    ] as const
    const own = mesh.credentials('gateway')
    const caller = cleanup.add(dial(own, callees[0].address, 'plaintext'))
    let stopped = false
    let answers = 0
    const load = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        expect(await caller.ask()).toMatchObject({ status: 200 })
        answers++
      }
    })
    for (let round = 0; round < 12; round++) {
      const transport = (['tls', 'mtls', 'plaintext'] as const)[round % 3]!
      if (round % 4 === 0) own.setWorkload(mesh.mint('gateway'))
      await caller.upstream.replace(specTo(callees[round % 2]!.address, { transport }))
      const target = answers + 20
      await until(() => answers > target)
    }
    stopped = true
    await Promise.all(load)
    const transports = callees.flatMap(callee => callee.admitted().map(({ transport }) => transport))
    expect(new Set(transports)).toEqual(new Set(['plaintext', 'tls', 'mtls']))
  })

  test('a state overtaken while it drains takes nothing back of the newer one', async () => {
    const callee = cleanup.add(await serve(mesh.credentials('orders'), ['plaintext']))
    const orders = await slowWorkload(open({ accepts: ['plaintext', 'mtls'] }))
    const client = await keepAlive(orders.address)
    client.ask({ path: '/slow' })
    await until(() => orders.waiting.length === 1)
    const older = orders.apply(open({ version: 2, accepts: ['mtls'], upstreams: [specTo(callee.address)] }))
    const newer = orders.apply(open({ version: 3, accepts: ['plaintext', 'mtls'] }))
    await newer
    orders.waiting[0]!()
    expect(await client.next()).toMatchObject({ status: 200 })
    client.socket.destroy()
    await older
    expect(await send(orders.address)).toMatchObject({ status: 200 })
  })

  test('a state that comes while an older one drains is not done before that', async () => {
    const waiting: (() => void)[] = []
    const callee = cleanup.add(
      await startWorkload(mesh.credentials('orders'), open(), {
        handler: (request, response, context) => void waiting.push(() => echo(request, response, context)),
      }),
    )
    const other = cleanup.add(await serve(mesh.credentials('orders'), ['plaintext']))
    const gateway = cleanup.add(
      await startWorkload(mesh.credentials('gateway'), open({ upstreams: [specTo(callee.address)] }), {
        ...{ name: 'gateway', program: callsOrders },
      }),
    )
    const answer = send(gateway.address)
    await until(() => waiting.length === 1)
    const upstreams = [specTo(other.address)]
    const states = [open({ version: 2, upstreams }), open({ version: 3, upstreams, keyLog: true })]
    const [older, newer] = states.map(state => settledFlag(gateway.apply(state)))
    // both ways in of the newer state are gone through by now; what is left is the request on the old way out
    expect(await send(gateway.address)).toMatchObject({ status: 200 })
    expect([older!.settled, newer!.settled]).toEqual([false, false])
    waiting[0]!()
    expect(await answer).toMatchObject({ status: 200 })
    await until(() => older!.settled && newer!.settled)
  })
})

/** A client that has sent its hello, got the callee's answer, and holds back the rest until released. */
async function handshakeHeld(address: Address, { key, chain }: KeyPair) {
  const raw = await dialRaw(address)
  const { promise: gate, resolve: release } = Promise.withResolvers<void>()
  let flights = 0
  const stream = new Duplex({
    read() {},
    async write(chunk, _encoding, done) {
      if (++flights > 1) await gate
      raw.write(chunk)
      done()
    },
  })
  raw.on('data', chunk => stream.push(chunk))
  raw.on('close', () => stream.destroy())
  const bare = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
  const socket = tlsConnect({ socket: stream, key, cert: chain, ...bare })
  socket.on('error', () => {})
  await until(() => flights > 1)
  return { socket, release }
}
