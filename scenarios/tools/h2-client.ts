import { once } from 'node:events'
import { type ClientHttp2Stream, connect } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import type { Dial } from './raw.ts'

/** A client that holds one HTTP/2 connection and asks for whatever name it is told on it. */
export type H2Client = {
  /** Asks for `:authority` and, where given, another Host. `lines` in the shape of HTTP/1.1. Status 0: no answer. */
  ask(names: readonly [authority: string, host?: string], request: Asked): Promise<{ status: number; text: string }>
  close(): void
}

type Asked = { method: string; target: string; lines: readonly string[]; body: string }

/** Undefined where HTTP/2 is not offered, or nothing at all. */
export const createH2 = async ({ address, tls = {} }: Dial): Promise<H2Client | undefined> => {
  const socket = connectTls({ ...address, ...tls, ALPNProtocols: ['h2', 'http/1.1'] })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {})
  if (socket.alpnProtocol !== 'h2') return void socket.destroy()
  const session = connect(`https://${address.host}:${address.port}`, { createConnection: () => socket })
  session.on('error', () => {})
  return {
    async ask([authority, host], { method, target, lines, body }) {
      const fields = lines.map(line => line.split(/: (.*)/s) as [string, string])
      const own = fields
        .map(([name, value]) => [name.toLowerCase(), value] as const)
        .filter(([name]) => name !== 'host')
      const stream = session.request({
        ...{ ':method': method, ':path': target, ':authority': authority, ':scheme': 'https' },
        ...Object.fromEntries(own),
        ...(host === undefined ? {} : { host }),
      })
      stream.end(body === '' ? undefined : body)
      return answerOf(stream)
    },
    close: () => session.destroy(),
  }
}

const answerOf = async (stream: ClientHttp2Stream): Promise<{ status: number; text: string }> => {
  let status = 0
  let text = ''
  stream.on('error', () => {})
  stream.on('response', headers => {
    status = Number(headers[':status'])
  })
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await new Promise(resolve => stream.once('close', resolve))
  return { status, text }
}
