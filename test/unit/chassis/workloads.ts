import { once } from 'node:events'
import { connect } from 'node:net'
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls'
import type { CredentialStore } from '../../../services/chassis/credentials.ts'
import type { Desired, Rule } from '../../../services/chassis/desired.ts'
import type { Handler, Program } from '../../../services/chassis/program.ts'
import { createLog, createTelemetry } from '../../../services/chassis/telemetry.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { createWorkload, type WorkloadOptions } from '../../../services/chassis/workload.ts'

export const desiredOf = (more: Partial<Desired> = {}): Desired => ({
  ...{ version: 1, accepts: ['plaintext'], rules: [], upstreams: [], splices: [], publicNames: [], keyLog: false },
  ...more,
})

/** A rule that lets `from` do everything, but for what `more` says. */
export const letIn = (from: string, more: Partial<Rule> = {}): Rule => ({
  ...{ link: 'caller:callee', from, transports: ['plaintext', 'tls', 'mtls'], methods: ['GET', 'POST'] },
  ...{ paths: ['/', '/*'] },
  ...more,
})

/** Answers with what the chassis made of the request. */
export const echo: Handler = (request, response, context) => {
  request.resume()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ ...context, path: request.url, headers: request.headers }))
}

/** A workload that listens, its log kept as text. */
export const startWorkload = async (
  credentials: CredentialStore,
  desired: Desired,
  more: Partial<WorkloadOptions> & { handler?: Handler } = {},
) => {
  const name = more.name ?? 'orders'
  const lines: string[] = []
  const log = createLog(name, { write: line => void lines.push(line) }, 'debug')
  const program: Program = async () => ({ handler: more.handler ?? echo, close: async () => {} })
  const workload = await createWorkload({
    ...{ name, trustDomain: 'hop.lab', program, calls: [], credentials, telemetry: createTelemetry(name, log) },
    ...more,
  })
  const address = await workload.listen()
  await workload.apply(desired)
  return { ...workload, address, logged: () => lines.join('') }
}

export type Answered = {
  status: number
  head: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  body: any
}

export type Sent = {
  tls?: ConnectionOptions
  method?: string
  path?: string
  host?: string
  lines?: string[]
  body?: string
}

export const requestText = ({ method = 'GET', path = '/', host = 'x', lines = [], body = '' }: Sent): string =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...lines,
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    body,
  ].join('\r\n')

/** One request as bytes, over plaintext or TLS, on a connection of its own. */
export const send = async (address: Address, sent: Sent = {}): Promise<Answered> => {
  const bare = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
  const socket = sent.tls ? tlsConnect({ ...address, ...bare, ...sent.tls }) : connect(address)
  socket.on('error', () => {})
  socket.write(Buffer.from(requestText({ ...sent, lines: [...(sent.lines ?? []), 'Connection: close'] }), 'latin1'))
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
  return answered(text)
}

export const answered = (text: string): Answered => {
  const [head = '', body = ''] = text.split(/\r\n\r\n([\s\S]*)/)
  const json = /^[{[]/.test(body) ? JSON.parse(body) : body
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, body: json }
}

/** A kept-alive plaintext client: `ask` sends a request, `next` gives the next answer. */
export const keepAlive = async ({ host, port }: Address) => {
  const socket = connect(port, host)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return {
    socket,
    ask: (sent: Sent = {}) => void socket.write(requestText(sent)),
    next: async () => answered(String((await once(socket, 'data'))[0])),
    closed: new Promise<void>(resolve => socket.once('close', () => resolve())),
  }
}
