import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Started, startHop, startTcp } from './hop.ts'

const open: Started[] = []
afterEach(async () => {
  for (const started of open.splice(0).reverse()) await started.close()
})
const kept = <T extends Started>(started: T): T => {
  open.push(started)
  return started
}

const size = 50 * 1024 * 1024
const block = Buffer.alloc(64 * 1024, 'x')

/** Writes `size` bytes as fast as they are taken; `written` tells how far it got. */
const pour = (socket: { write(chunk: Buffer): boolean; on(event: 'drain', listener: () => void): unknown }) => {
  let written = 0
  const more = () => {
    while (written < size) {
      written += block.length
      if (!socket.write(block)) return
    }
  }
  socket.on('drain', more)
  more()
  return () => written
}

// What may wait between the two ends: both kernels' socket buffers and a few stream buffers, far below 50 MB.
const bound = 20 * 1024 * 1024

test('50 MB down: the upstream is held back while the client does not read, and all of it arrives', async () => {
  let poured = () => 0
  const backend = kept(
    await startTcp(socket =>
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
        poured = pour(socket)
      }),
    ),
  )
  const hop = kept(await startHop({ backend: backend.port }))
  const client = connect(hop.port, '127.0.0.1')
  client.pause()
  client.write('GET /a HTTP/1.1\r\nHost: x.test\r\nConnection: close\r\n\r\n')
  await settled(() => poured())
  expect(poured()).toBeLessThan(bound)

  let received = 0
  client.on('data', chunk => {
    received += chunk.length
  })
  client.resume()
  await once(client, 'close')
  expect(received).toBeGreaterThanOrEqual(size)
})

test('50 MB up: the client is held back while the upstream does not read, and all of it arrives', async () => {
  let received = 0
  let resume = () => {}
  const backend = kept(
    await startTcp(socket => {
      socket.pause()
      resume = () => {
        socket.on('data', chunk => {
          received += chunk.length
          if (received >= size) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        })
        socket.resume()
      }
    }),
  )
  const hop = kept(await startHop({ backend: backend.port }))
  const client = connect(hop.port, '127.0.0.1')
  client.write(`POST /a HTTP/1.1\r\nHost: x.test\r\nContent-Length: ${size}\r\n\r\n`)
  pour(client)
  await settled(() => hop.sockets[0]?.bytesRead ?? 0)
  expect(hop.sockets[0]!.bytesRead).toBeLessThan(bound)
  resume()
  const [answer] = await once(client, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
  expect(received).toBeGreaterThanOrEqual(size)
  client.destroy()
})

/** Resolves when a count has begun and then stood still for a while. */
const settled = async (count: () => number): Promise<void> => {
  for (let last = -1, still = 0; still < 5; ) {
    await new Promise(resolve => setTimeout(resolve, 40))
    still = count() > 0 && count() === last ? still + 1 : 0
    last = count()
  }
}
