import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { publicName } from './certificates.ts'

/** One burst of load, answered by {@link LoadResult}. */
export type LoadTask = { port: number; tls: boolean; seconds: number; connections: number }
/** Latencies in milliseconds. */
export type LoadResult = { requests: number; errors: number; p50: number; p99: number }

// Keep-alive load: each connection sends its next request when the answer is whole. Checks length, not content.
const ca = readFileSync(join(process.argv[2]!, 'bundle.pem'), 'utf8')
const request = Buffer.from(
  `GET /orders/1 HTTP/1.1\r\nHost: ${publicName}\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n`,
)

const run = async ({ port, tls, seconds, connections }: LoadTask): Promise<LoadResult> => {
  const latencies: number[] = []
  let errors = 0
  const until = performance.now() + seconds * 1000
  const one = () =>
    new Promise<void>(resolve => {
      let started = 0
      let missing = 0
      const socket: Socket = tls
        ? connectTls({ port, host: '127.0.0.1', servername: publicName, ca })
        : connect({ port, host: '127.0.0.1' })
      socket.setNoDelay(true)
      const next = () => {
        if (performance.now() >= until) {
          socket.destroy()
          return
        }
        started = performance.now()
        socket.write(request)
      }
      socket.once(tls ? 'secureConnect' : 'connect', next)
      socket.on('data', chunk => {
        if (missing === 0) {
          const head = chunk.indexOf('\r\n\r\n')
          const length = /^HTTP\/1.1 200 [\s\S]*content-length: (\d+)/i.exec(chunk.toString('latin1', 0, head))
          if (head < 0 || !length) {
            errors++
            socket.destroy()
            return
          }
          missing = head + 4 + Number(length[1])
        }
        missing -= chunk.length
        if (missing > 0) return
        latencies.push(performance.now() - started)
        next()
      })
      socket.on('error', () => errors++)
      socket.on('close', () => resolve())
    })
  await Promise.all(Array.from({ length: connections }, one))
  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)] ?? 0
  return { requests: latencies.length, errors, p50: quantile(0.5), p99: quantile(0.99) }
}

process.on('message', async (task: LoadTask) => process.send!(await run(task)))
process.on('disconnect', () => process.exit())
process.send!('ready')
