import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Mode } from '../../services/modes.ts'
import { createPublicClient, operator, startTestLab, type TestLab } from '../support/lab.ts'
import { helloFor, helloMessage, inRecords, serverName } from '../unit/edge/hellos.ts'
import {
  converse,
  dialEdge,
  dialPlain,
  oneAnswer,
  orderBytes,
  reportOf,
  seenBy,
  stateOf,
  statusesIn,
} from './abuse-support.ts'

type Client = Awaited<ReturnType<typeof createPublicClient>>

let lab: TestLab
let client: Client

beforeAll(async () => {
  lab = await startTestLab({
    limits: {
      listener: { firstByteMs: 600, handshakeMs: 600 },
      http: { headersMs: 600, requestMs: 1_200, checkEveryMs: 100, lingerMs: 100 },
      hello: { deadlineMs: 600 },
    },
  })
  client = await createPublicClient(lab)
})
afterAll(async () => {
  await client.close()
  await lab.close()
})

/** Places orders, on kept-alive and on fresh connections, until stopped; answers every status there was. */
const startGoodClient = (kept: Client) => {
  const statuses: number[] = []
  let stopped = false
  const keep = async () => {
    while (!stopped) statuses.push((await kept.send()).status)
  }
  const renew = async () => {
    while (!stopped) {
      const socket = await dialEdge(lab)
      statuses.push(...statusesIn(await converse(socket, orderBytes(lab, ['Connection: close']))))
    }
  }
  const running = Promise.all([keep(), renew()])
  return async () => {
    const before = statuses.length
    while (statuses.length < before + 4) await new Promise(setImmediate)
    stopped = true
    await running
    return statuses
  }
}

const drip = (socket: Socket, bytes: Buffer) => {
  let at = 0
  const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 40)
  socket.once('close', () => clearInterval(timer))
}

const hello = helloFor('shop.hop.lab')
const upload =
  'POST /orders HTTP/1.1\r\nHost: shop.hop.lab\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n'
const slow: [name: string, behave: () => Promise<Socket>][] = [
  ['says nothing', async () => dialPlain(lab.access.edge)],
  [
    'says half a ClientHello',
    async () => {
      const socket = dialPlain(lab.access.edge)
      socket.write(hello.subarray(0, 40))
      return socket
    },
  ],
  [
    'says its ClientHello byte by byte',
    async () => {
      const socket = dialPlain(lab.access.edge)
      drip(socket, hello)
      return socket
    },
  ],
  ['asks for nothing after the handshake', () => dialEdge(lab)],
  [
    'sends headers byte by byte',
    async () => {
      const socket = await dialEdge(lab)
      drip(socket, Buffer.from(`POST /orders HTTP/1.1\r\nHost: shop.hop.lab\r\nX-A: ${'b'.repeat(500)}`))
      return socket
    },
  ],
  [
    'announces a body and does not send it',
    async () => {
      const socket = await dialEdge(lab)
      socket.write(upload)
      return socket
    },
  ],
  [
    'sends its body byte by byte',
    async () => {
      const socket = await dialEdge(lab)
      socket.write(upload)
      drip(socket, Buffer.alloc(9000, 32))
      return socket
    },
  ],
]

/** TLS through a wire that hands the first flight on as `cut` says, a piece a turn. */
const throughPieces = async (cut: (flight: Buffer) => Buffer[]) => {
  const wire = dialPlain(lab.access.edge).setNoDelay(true)
  let first = true
  const duplex = new Duplex({
    read: () => wire.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (!first) return void wire.write(chunk, () => done())
      first = false
      const pieces = cut(chunk)
      const next = (): void => {
        const piece = pieces.shift()
        if (piece) wire.write(piece, () => setImmediate(next))
        else done()
      }
      next()
    },
    destroy(error, done) {
      wire.destroy()
      done(error)
    },
  })
  wire.on('data', chunk => duplex.push(chunk)).on('end', () => duplex.push(null))
  const { bundle } = await stateOf(lab)
  const { serverName: servername } = lab.topology.ingress
  const socket = connectTls({ socket: duplex, ca: bundle, servername, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  const answer = await converse(socket, orderBytes(lab), oneAnswer)
  socket.destroy()
  return statusesIn(answer)
}

const bytewise = (flight: Buffer) => Array.from(flight, (_, i) => flight.subarray(i, i + 1))
const rerecorded = (size: number) => (flight: Buffer) => [
  inRecords(flight.subarray(5, 5 + flight.readUInt16BE(3)), size),
]

const zeros = Buffer.alloc(200)
const hostile: [name: string, bytes: Buffer][] = [
  ['a name nobody has', helloFor('bank.example')],
  ['a name of JavaScript’s', helloFor('__proto__')],
  ['another of its kind', helloFor('constructor')],
  ['a name with a NUL', helloFor('shop.hop.lab\0.evil.example')],
  ['an empty name', helloFor('')],
  ['two names', helloFor('shop.hop.lab', 'bank.example')],
  ['the extension twice', inRecords(helloMessage(serverName('shop.hop.lab'), serverName('bank.example')))],
  ['no name', inRecords(helloMessage())],
  ['a name with a dot at its end', helloFor('shop.hop.lab.')],
  ['an IP address', helloFor('127.0.0.1')],
  ['a name of an inner workload', helloFor('payments.svc.hop.lab')],
  ['a name of 300 bytes', helloFor('x'.repeat(300))],
  ['a hello cut off in its record', hello.subarray(0, 60)],
  ['a record of 64 KB', Buffer.concat([Buffer.from([22, 3, 1, 255, 255]), zeros])],
  ['a record of no bytes, a hundred times', Buffer.concat(Array(100).fill(Buffer.from([22, 3, 1, 0, 0])))],
  ['a message of 16 MB', inRecords(Buffer.concat([Buffer.from([1, 255, 255, 255]), zeros]))],
  ['a server’s hello', inRecords(Buffer.concat([Buffer.from([2, 0, 0, 200]), zeros]))],
  ['an alert', Buffer.from([21, 3, 3, 0, 2, 2, 40])],
  ['application data', Buffer.concat([Buffer.from([23, 3, 3, 0, 200]), zeros])],
  ['SSL 2', Buffer.from([128, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16, ...zeros.subarray(0, 36)])],
  ['noise', Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 73 + 22) & 255))],
  ['noise in a record', inRecords(Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 151 + 1) & 255)))],
]

const modes: Mode[] = ['edge-terminate-plaintext', 'passthrough']
describe.each(modes)('under %s', mode => {
  beforeAll(() => operator(lab, 'PUT', '/api/mode', { mode }))

  test('seven kinds of slow client are let go, and a good one notices nothing', async () => {
    const stop = startGoodClient(client)
    const closed = slow.map(async ([name, behave]) => {
      const socket = await behave()
      socket.resume()
      if (!socket.closed) await once(socket, 'close')
      return name
    })
    expect(await Promise.all(closed)).toEqual(slow.map(([name]) => name))
    const statuses = await stop()
    expect(statuses.filter(status => status !== 201)).toEqual([])
  })

  test('a hello is understood byte by byte, and over several records', async () => {
    expect(await throughPieces(bytewise)).toEqual([201])
    expect(await throughPieces(rerecorded(900))).toEqual([201])
    expect(await throughPieces(rerecorded(50))).toEqual([201])
  })

  test('hostile hellos get no answer but an alert, each is on record, and a good client notices nothing', async () => {
    const { cursor } = await reportOf(lab, 'edge')
    const stop = startGoodClient(client)
    for (const [name, bytes] of hostile) {
      const answer = Buffer.from(await converse(dialPlain(lab.access.edge), bytes), 'latin1')
      // a record of type alert (RFC 8446 §6), HTTP's 400 or 426 to what is no TLS, or just the close
      expect([
        name,
        answer.length === 0 || answer[0] === 0x15 || /^HTTP\/1\.1 4(?:00|26) /.test(answer.toString('latin1')),
      ]).toEqual([name, true])
    }
    const statuses = await stop()
    expect(statuses.filter(status => status !== 201)).toEqual([])
    const refused = await seenBy(lab, 'edge', cursor, ({ connections }) => {
      const failures = connections.filter(({ failure, side }) => failure && side === 'server')
      return failures.length >= hostile.length ? failures : undefined
    })
    expect(refused.length).toBe(hostile.length)
  })
})
