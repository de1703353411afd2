import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { Pool } from 'undici'
import { failureOf } from '../../services/chassis/failures.ts'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Address } from '../../services/chassis/transport.ts'

export type Sight = Partial<ConnectionRecord> & { accepted?: boolean }

/** Somebody at the callee's end, and what he saw of the first connection that came. */
export type BareEnd = { address: Address; seen(): Sight | undefined; close(): void }

const sightOf = (side: 'client' | 'server', error: unknown): Sight => {
  const { name, code } = failureOf(error)
  return { side, failure: { name, code } }
}

const listening = async (server: Server, seen: () => Sight | undefined, sockets: Set<Socket>): Promise<BareEnd> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { address: { host: '127.0.0.1', port }, seen, close }
}

const kept = (server: { on(event: 'connection', use: (socket: Socket) => void): unknown }): Set<Socket> => {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket.on('error', () => {}))
    socket.on('close', () => sockets.delete(socket))
  })
  return sockets
}

/** Node's own https server; with `ownCheck` it asks for a certificate and judges it by hand, as our listener does. */
export const httpsEnd = (options: ServerOptions & { ownCheck?: boolean }): Promise<BareEnd> => {
  let seen: Sight | undefined
  const { ownCheck = false, ...rest } = options
  const server = createHttps(
    { ...rest, ...(ownCheck ? { requestCert: true, rejectUnauthorized: false } : {}) },
    (_, response) => response.end('{}'),
  )
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const reason = socket.authorizationError as unknown as string | { code: string } | null
    if (ownCheck && !socket.authorized) {
      const peerKey = socket.getPeerX509Certificate() ? { peerKey: 'some' } : {}
      seen ??= { ...sightOf('server', { code: typeof reason === 'string' ? reason : reason?.code }), ...peerKey }
      socket.destroy()
    } else seen ??= { side: 'server', protocol: socket.getProtocol() ?? '' }
  })
  server.on('tlsClientError', error => {
    seen ??= sightOf('server', error)
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  return listening(server, () => seen, kept(server))
}

/** A plaintext HTTP server. */
export const httpEnd = (): Promise<BareEnd> => {
  let seen: Sight | undefined
  const server = createHttp((_, response) => response.end('{}'))
  server.on('clientError', (error, socket) => {
    seen ??= sightOf('server', error)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  return listening(server, () => seen, kept(server))
}

/** Does with each connection what it is told, and remembers nothing. */
export const tcpEnd = (onSocket: (socket: Socket) => void): Promise<BareEnd> => {
  const server = createTcp(onSocket)
  return listening(server, () => undefined, kept(server))
}

/** One request by undici over HTTP/1.1, and what it saw: the client of the table. */
export const ask = async (
  { host, port }: Address,
  tls: (ConnectionOptions & { timeout?: number }) | undefined,
): Promise<Sight> => {
  const pool = new Pool(`${tls ? 'https' : 'http'}://${host}:${port}`, {
    allowH2: false,
    ...(tls ? { connect: { ...tls, maxCachedSessions: 0 } as object } : {}),
  })
  try {
    const answer = await pool.request({ method: 'GET', path: '/' })
    await answer.body.dump()
    return { side: 'client', accepted: true }
  } catch (error) {
    return sightOf('client', error)
  } finally {
    await pool.destroy()
  }
}
