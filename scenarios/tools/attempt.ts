import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import { spkiHash } from '../../pki/keys.ts'
import { failureOf } from '../../services/chassis/failures.ts'
import type { Address } from '../../services/chassis/transport.ts'
import { connectPrefaced } from './prefaced.ts'
import { type Source, sourceOf } from './source.ts'

/** One request as somebody outside the lab's own code sends it. `tls` absent: plaintext. */
export type AttemptOptions = {
  address: Address
  tls?: ConnectionOptions
  method: string
  path: string
  headers?: Record<string, string>
  body?: unknown
  /** A source address of one's own; the system's choice where there is none, or the system does not have it. */
  from?: string | undefined
  /** Sent in front of everything else, TLS too; always on a connection of its own. */
  preface?: Buffer
  /** Keeps the connection for the next attempt; without one each has its own. */
  agent?: Agent
  /** Gets every session ticket the other end gives out on a new TLS connection. */
  onTicket?: (ticket: Buffer) => void
}

/** What the sender's own socket saw of TLS. */
export type TlsSeen = {
  protocol: string
  cipher: string
  /** An earlier session was taken up again: no certificate was shown in this handshake. */
  resumed: boolean
  keyExchange?: string
  alpn?: string
  /** SHA-256 (hex) of the SPKI of the certificate the other end showed. */
  peerKey?: string
  peerNames?: string
}

/**
 * What came back: an answer, or the failure by its name. Judged after bytes came back, as TLS 1.3 demands.
 * `from`, `fromPort`: where the connection really came from.
 */
export type Attempt = { tls?: TlsSeen } & Source &
  (
    | { answered: true; status: number; headers: Record<string, string>; body: string }
    | { answered: false; failure: { name: string; code: string } }
  )

const patienceMs = 10_000

/** Sends one request and waits for the whole answer. Never rejects. */
export const attempt = async (options: AttemptOptions): Promise<Attempt> => {
  const tried = await send(options)
  const unbindable = options.from !== undefined && !tried.answered && unavailable.includes(tried.failure.code)
  return unbindable ? send({ ...options, from: undefined }) : tried
}

const unavailable = ['EADDRNOTAVAIL', 'EINVAL', 'ENETUNREACH']

const send = (options: AttemptOptions): Promise<Attempt> =>
  new Promise(resolve => {
    const { address, tls, method, path, body, from, preface, agent = false, onTicket } = options
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...options.headers,
    }
    const common = { ...address, method, path, headers, agent, timeout: patienceMs }
    const own = from !== undefined
    const onConnect = (socket: Socket) => {
      source = sourceOf(socket, own)
    }
    const createConnection = () => connectPrefaced({ address, tls, from, preface: preface!, onConnect })
    const dial = preface ? { agent: undefined, createConnection } : {}
    const bound = { ...common, ...(from === undefined ? {} : { localAddress: from }), ...dial }
    const request: ClientRequest = tls ? httpsRequest({ ...bound, ...tls }) : httpRequest(bound)
    let seen: TlsSeen | undefined
    let source: Source = {}
    const observed = <Rest extends object>(rest: Rest) => ({
      ...rest,
      ...(seen ? { tls: seen } : {}),
      ...source,
    })
    const fail = (error: NodeJS.ErrnoException) => {
      const { name, code } = failureOf(error)
      resolve(
        observed({
          answered: false as const,
          failure: { name, code: code === 'UNKNOWN' ? (error.code ?? code) : code },
        }),
      )
    }
    // what is written before the handshake is over would fail as EPROTO, and hide why the handshake did
    const sendOn = (socket: Socket) => {
      if (socket instanceof TLSSocket && !request.reusedSocket) socket.once('secureConnect', () => request.end(text))
      else request.end(text)
    }
    request.on('socket', socket => {
      sendOn(socket)
      if (!preface) {
        source = sourceOf(socket, own)
        if (socket.connecting) socket.once('connect', () => onConnect(socket))
      }
      if (!(socket instanceof TLSSocket)) return
      const look = () => {
        seen = describe(socket)
      }
      // asking a socket that has not shaken hands yet crashes Node 24.21
      if (request.reusedSocket) return look()
      socket.once('secureConnect', look)
      if (onTicket) socket.on('session', onTicket)
    })
    request.once('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })))
    request.once('error', fail)
    request.once('response', (response: IncomingMessage) => {
      response.toArray().then(chunks => {
        const answer = {
          status: response.statusCode ?? 0,
          headers: flat(response),
          body: Buffer.concat(chunks).toString(),
        }
        resolve(observed({ answered: true as const, ...answer }))
      }, fail)
    })
  })

const flat = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

const describe = (socket: TLSSocket): TlsSeen => {
  const { name: keyExchange } = (socket.getEphemeralKeyInfo() ?? {}) as { name?: string }
  const certificate = socket.getPeerX509Certificate()
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    resumed: socket.isSessionReused(),
    ...(keyExchange === undefined ? {} : { keyExchange }),
    ...(socket.alpnProtocol ? { alpn: socket.alpnProtocol } : {}),
    ...(certificate ? { peerKey: spkiHash(certificate), peerNames: certificate.subjectAltName ?? 'no name' } : {}),
  }
}
