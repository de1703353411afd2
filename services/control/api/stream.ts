import { PassThrough, type Readable } from 'node:stream'
import type { ControlMessage } from '../../chassis/control-protocol.ts'
import type { Line } from '../fleet.ts'

/** A reader this far behind (bytes) has stopped reading; his stream ends rather than fill our memory. */
const mostBehind = 1024 * 1024

/** A stream of NDJSON lines for one HTTP answer. `ended` is called once, whoever ends it. */
export const createLine = (ended: () => void, pingMs: number): Line & { body: Readable } => {
  const body = new PassThrough()
  const line = createWriter<ControlMessage>(body)
  const ping = setInterval(() => line.send({ type: 'ping' }), pingMs)
  body.once('close', () => {
    clearInterval(ping)
    ended()
  })
  // The other end vanishing is an end, not a fault.
  body.on('error', () => {})
  return { ...line, body }
}

/** Writes objects as lines; `close` ends the answer. */
export const createWriter = <T>(body: PassThrough): { send(message: T): void; close(): void } => ({
  send(message) {
    if (body.writableEnded || body.destroyed) return
    body.write(`${JSON.stringify(message)}\n`)
    if (body.writableLength + body.readableLength > mostBehind) body.destroy()
  },
  close() {
    if (!body.writableEnded) body.end()
  },
})
