import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createCredentials } from '../../../services/chassis/credentials.ts'
import { createListener } from '../../../services/chassis/listener.ts'
import type { Transport } from '../../../services/chassis/transport.ts'
import { bareTls, createCleanup, createMesh, dial, dialRaw, serve, until, untilClosed } from './mesh.ts'

const mesh = createMesh()
const orders = mesh.credentials('orders')
const gateway = mesh.credentials('gateway')
const cleanup = createCleanup()
afterEach(cleanup.run)

describe('bounds', () => {
  test('silence ends at the deadline and is on record; a good client goes on meanwhile', async () => {
    const limits = { connections: 100, firstByteMs: 30, handshakeMs: 30 }
    const callee = cleanup.add(await serve(orders, ['plaintext', 'mtls'], { limits }))
    const silent = await Promise.all(Array.from({ length: 20 }, () => dialRaw(callee.address)))
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    await Promise.all(silent.map(untilClosed))
    expect(callee.failures()).toHaveLength(20)
    expect(new Set(callee.failures().map(({ name }) => name))).toEqual(new Set(['handshake-timeout']))
    expect(await caller.ask()).toMatchObject({ status: 200 })
  })

  test('2,000 idle connections, and a good client is still served', async () => {
    const callee = cleanup.add(await serve(orders, ['plaintext', 'mtls']))
    const idle: Socket[] = []
    for (let i = 0; i < 2000; i += 100)
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => dialRaw(callee.address)))))
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ status: 200 })
    for (const socket of idle) socket.destroy()
  })

  describe('a full table', () => {
    const limits = { connections: 3, firstByteMs: 10_000, handshakeMs: 10_000 }
    const full = async (accepts: Transport[]) => {
      let arrived = 0
      const takeOver = (): false => {
        arrived++
        return false
      }
      const callee = cleanup.add(await serve(orders, accepts, { limits, takeOver }))
      const idle: Socket[] = []
      for (let i = 1; i <= 3; i++) {
        idle.push(await dialRaw(callee.address))
        await until(() => arrived === i)
      }
      return { callee, idle }
    }

    test('makes room at the cost of whoever has said nothing for longest', async () => {
      const { callee, idle } = await full(['plaintext'])
      const caller = cleanup.add(dial(gateway, callee.address, 'plaintext'))
      expect(await caller.ask()).toMatchObject({ status: 200 })
      await untilClosed(idle[0]!)
      expect(idle.map(({ destroyed }) => destroyed)).toEqual([true, false, false])
    })

    test('of connections that speak refuses at once, and takes again when there is room', async () => {
      const { callee, idle } = await full(['plaintext'])
      for (const socket of idle) {
        socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        await once(socket, 'data')
      }
      const caller = cleanup.add(dial(gateway, callee.address, 'plaintext'))
      expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
      expect(idle.map(({ destroyed }) => destroyed)).toEqual([false, false, false])
      for (const socket of idle) socket.destroy()
      let asked = await caller.ask()
      while (asked.failure) asked = await caller.ask()
      expect(asked).toMatchObject({ status: 200 })
    })
  })

  test('closing in the middle of handshakes closes them all and crashes nothing', async () => {
    const callee = await serve(orders, ['mtls'])
    const half = await Promise.all(Array.from({ length: 10 }, () => dialRaw(callee.address)))
    for (const socket of half) socket.write(Buffer.of(0x16, 3, 1, 0, 200, 1))
    const whole = Array.from({ length: 10 }, () => bareTls(callee.address, {}))
    await new Promise(setImmediate)
    const closed = Promise.all([...half.map(untilClosed), ...whole])
    await callee.close()
    await closed
    expect(callee.listener.connections.all()).toEqual([])
  })

  test('a port that is taken is refused by name', async () => {
    const callee = cleanup.add(await serve(orders, ['tls']))
    const other = createListener({
      credentials: orders,
      telemetry: callee.telemetry,
      trustDomain: 'hop.lab',
      admit: () => {},
    })
    await expect(other.listen(callee.address)).rejects.toMatchObject({ code: 'port-taken', field: 'port' })
  })

  test('before enrolment TLS is refused and on record, and served from the next connection after it', async () => {
    const fresh = createCredentials({ trust: mesh.trust() })
    const callee = cleanup.add(await serve(fresh, ['mtls']))
    const caller = cleanup.add(dial(gateway, callee.address, 'mtls'))
    expect(await caller.ask()).toMatchObject({ failure: 'connection-closed' })
    await until(() => callee.failures().length === 1)
    const { key, chain } = mesh.mint('orders')
    fresh.setWorkload({ key, chain })
    expect(await caller.ask()).toMatchObject({ status: 200 })
  })
})
