import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exchange, type Hop, type Started, startHop, startTcp, statuses } from './hop.ts'

const limits = { headersMs: 400, requestMs: 800, keepAliveMs: 400, stallMs: 700, checkEveryMs: 50, lingerMs: 100 }

let backend: Started
let hop: Hop
let good: Promise<number[]>
let stop = false

beforeAll(async () => {
  // answers the head at once, whatever of the body is still to come; a large answer for those who never read
  backend = await startTcp(socket => {
    socket.on('data', chunk => {
      const big = chunk.toString('latin1').startsWith('GET /big')
      if (!/^(GET|POST) \/(good|big|idle)/.test(chunk.toString('latin1'))) return
      const body = big ? 'x'.repeat(20_000_000) : 'ok'
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
  })
  hop = await startHop({ backend: backend.port, limits })
  good = (async () => {
    const seen: number[] = []
    while (!stop) {
      seen.push(
        ...statuses(await exchange(hop.port, 'GET /good HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n')),
      )
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    return seen
  })()
})
afterAll(async () => {
  await hop.close()
  await backend.close()
})

const trickle = (socket: Socket, text: string) => {
  const timer = setInterval(() => socket.write(text), 60)
  socket.once('close', () => clearInterval(timer))
}

const upload = 'POST /upload HTTP/1.1\r\nHost: x.test\r\n'
const kinds: [name: string, behave: (socket: Socket) => void, status: number | undefined][] = [
  ['says nothing', () => {}, 408],
  ['sends half a header and stops', socket => socket.write('GET /good HTTP/1.1\r\nHost: x'), 408],
  [
    'sends headers byte by byte',
    socket => {
      socket.write('GET /good HTTP/1.1\r\nHost: x.test\r\n')
      trickle(socket, 'X-A: b\r\n')
    },
    408,
  ],
  ['announces a body and does not send it', socket => socket.write(`${upload}Content-Length: 1000\r\n\r\n`), undefined],
  [
    'sends its body byte by byte',
    socket => {
      socket.write(`${upload}Content-Length: 100000\r\n\r\n`)
      trickle(socket, 'x')
    },
    408,
  ],
  [
    'sends its chunks byte by byte',
    socket => {
      socket.write(`${upload}Transfer-Encoding: chunked\r\n\r\n`)
      trickle(socket, '1\r\nx\r\n')
    },
    408,
  ],
  [
    'asks for much and never reads',
    socket => {
      socket.pause()
      socket.write('GET /big HTTP/1.1\r\nHost: x.test\r\n\r\n')
    },
    undefined,
  ],
  ['keeps a connection and does not use it', socket => socket.write('GET /idle HTTP/1.1\r\nHost: x.test\r\n\r\n'), 200],
]

test.each(kinds)('a client that %s is let go', async (_name, behave, status) => {
  const before = hop.sockets.length
  const socket = connect(hop.port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  if (status !== undefined)
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
  await once(socket, 'connect')
  while (!hop.sockets.slice(before).some(({ remotePort }) => remotePort === socket.localPort))
    await new Promise(resolve => setImmediate(resolve))
  const server = hop.sockets.slice(before).find(({ remotePort }) => remotePort === socket.localPort)!
  behave(socket)
  if (!server.closed) await once(server, 'close')
  if (status !== undefined) expect(statuses(text)).toEqual([status])
  socket.destroy()
})

test('a good client was answered all the time', async () => {
  stop = true
  const seen = await good
  expect(seen.length).toBeGreaterThan(10)
  expect(seen.filter(status => status !== 200)).toEqual([])
  expect(hop.acceptor.counts()).toEqual({ idle: 0, active: 0 })
})
