import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { parseProxyHeader } from '../../../services/chassis/proxy-protocol.ts'
import { createTap, type TapOptions } from '../../../services/wire/tap.ts'
import { createWire } from '../../../services/wire/wire.ts'
import { createCleanup, dialled, drained, tcpServer, until } from './support.ts'

const cleanup = createCleanup()
afterEach(cleanup.run)

/** A callee that keeps what comes on each connection, behind a tap. */
const tapped = async (options: Partial<TapOptions> = {}) => {
  const came: Buffer[] = []
  const keep = async (socket: Socket) => {
    came.push(await drained(socket))
    socket.end('done')
  }
  const address = await tcpServer(cleanup, keep)
  const tap = await createTap({ link: 'orders:payments', target: () => address, ...options })
  cleanup.later(() => tap.close())
  const say = async (words: string) => {
    const { socket } = await dialled(tap.address, cleanup)
    const { localAddress: host, localPort: port } = socket
    socket.end(words)
    expect(String(await drained(socket))).toBe('done')
    return { host, port }
  }
  return { came, tap, say, keep }
}

describe('a tap that tells who connected', () => {
  test('says so once, in front of what the caller sends', async () => {
    const { came, tap, say } = await tapped({ tellsCaller: true })
    const source = await say('hello')
    const header = parseProxyHeader(came[0]!)
    expect(header?.connection).toEqual({ source, destination: tap.address })
    expect(String(came[0]!.subarray(header!.length))).toBe('hello')
  })

  test('records, counts and captures the caller’s own bytes alone', async () => {
    const { tap, say } = await tapped({ tellsCaller: true })
    await say('hello')
    await until(() => tap.connections()[0]?.closedAt !== undefined)
    const { events } = tap.connections()[0]!
    expect(events.filter(({ kind }) => kind === 'data').map(({ bytes }) => String(bytes))).toEqual(['hello', 'done'])
    expect(tap.state().bytes).toEqual({ 'to-callee': 5, 'to-caller': 4 })
    expect(tap.capture().includes(Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'))).toBe(false)
  })

  test('says it to the callee of the link alone: not to whom a connection is led to instead', async () => {
    const { came, tap, say, keep } = await tapped({ tellsCaller: true })
    tap.redirect(await tcpServer(cleanup, keep))
    await say('led astray')
    tap.restore()
    await say('back')
    expect(String(came[0])).toBe('led astray')
    expect(String(came[1])).toMatch(/QUIT\n.*back$/s)
  })

  test('says it of every connection it lets through while it alters what passes', async () => {
    const { came, tap, say } = await tapped({ tellsCaller: true })
    tap.alter({ find: Buffer.from('hello'), replace: Buffer.from('HELLO'), direction: 'to-callee' })
    await say('hello')
    expect(String(came[0])).toMatch(/QUIT\n.*HELLO$/s)
  })
})

test('a tap that was not told to says nothing', async () => {
  const { came, say } = await tapped()
  await say('hello')
  expect(String(came[0])).toBe('hello')
})

test('a tap that comes later listens where its wire is, is reached by the name its callers have for it, and says nothing', async () => {
  const came: string[] = []
  const target = await tcpServer(cleanup, async socket => {
    came.push(String(await drained(socket)))
    socket.end()
  })
  const wire = createWire({ host: '0.0.0.0', reachedAs: link => ({ host: `wire-for-${link.split(':')[0]}` }) })
  cleanup.later(() => wire.close())
  const tap = await wire.add({ link: 'orders:collector', target: () => target })
  expect(tap.address).toEqual({ host: 'wire-for-orders', port: expect.any(Number) })
  const { socket } = await dialled({ host: '127.0.0.1', port: tap.address.port }, cleanup)
  socket.end('records')
  await drained(socket)
  expect(came).toEqual(['records'])
})
