import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { Server, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { failureOf } from '../../services/chassis/failures.ts'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import { type Front, startFront } from '../tools/front.ts'
import type { Instead } from './fault.ts'

/** Somebody in a callee's place who does one thing wrong, and what he saw of whoever came first. */
export type FaultyCallee = Front & { seen(): Partial<ConnectionRecord> | undefined }

/** Listens on `host`: with a certificate for TLS, or doing something else in its place. */
export const createFaultyCallee = async (
  host: string,
  shown: { pair: KeyPair; tls?: TlsOptions } | { instead: Instead },
): Promise<FaultyCallee> => {
  let seen: Partial<ConnectionRecord> | undefined
  const failed = (error: unknown) => {
    const { name, code } = failureOf(error)
    seen ??= { side: 'server', failure: { name, code } }
  }
  const server = 'pair' in shown ? tlsServer(shown.pair, shown.tls ?? {}, failed) : servers[shown.instead](failed)
  return { ...(await startFront(host, server)), seen: () => seen }
}

type Failed = (error: unknown) => void
type Taker = Parameters<typeof startFront>[1]

const tlsServer = ({ key, chain }: KeyPair, tls: TlsOptions, failed: Failed): Taker =>
  createHttps(
    { key, cert: chain, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], ...tls },
    (_request, response) => void response.writeHead(200, { connection: 'close' }).end('{}'),
  ).on('tlsClientError', (error, socket) => {
    failed(error)
    socket.destroy()
  })

const taking = (take: (socket: Socket) => void): Taker => new Server().on('connection', take)

const servers: Record<Instead, (failed: Failed) => Taker> = {
  plaintext: failed =>
    createHttp((_request, response) => void response.end('{}')).on('clientError', (error, socket) => {
      failed(error)
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    }),
  garbage: () => taking(socket => void socket.end(Buffer.alloc(64, 0xff))),
  reset: () => taking(socket => void socket.resetAndDestroy()),
  silence: () => taking(() => {}),
}
