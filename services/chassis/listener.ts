import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket, type Server as TlsServer } from 'node:tls'
import { HopError } from '../../pki/error.ts'
import { bind } from './bind.ts'
import { type Connection, type ConnectionTable, createConnectionTable } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { ProxyTrust } from './desired.ts'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import { awaitFirstByte } from './first-byte.ts'
import type { Peer } from './observation.ts'
import { createOrigins, endpointOf } from './origin.ts'
import { type Judgement, judgeCaller } from './peer.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address, Transport } from './transport.ts'
import { createUnderWay } from './under-way.ts'
import { requireUpgrade } from './upgrade-required.ts'

/** Bounds of a listener; what exceeds them is refused, never queued. */
export type ListenerLimits = { connections: number; firstByteMs: number; handshakeMs: number }

export const listenerLimits: ListenerLimits = { connections: 4096, firstByteMs: 10_000, handshakeMs: 10_000 }

export type ListenerOptions = {
  credentials: Credentials
  telemetry: Telemetry
  trustDomain: string
  /** Only certificates of public names are shown here, and callers are never asked for theirs. */
  publicOnly?: boolean
  /** Offered by ALPN, in order. */
  protocols?: string[]
  /** Sees a connection before its first byte is read. A promise means it was taken over (passthrough); kept when it is on its way. */
  takeOver?: (socket: Socket) => Promise<void> | false
  /** Whose PROXY header is believed now; absent: nobody's. */
  proxyTrust?: () => ProxyTrust | undefined
  /** Gets every connection that may speak HTTP here. */
  admit: (socket: Socket, connection: Connection) => void
  limits?: ListenerLimits
}

export type Listener = {
  listen(address?: Partial<Address>): Promise<Address>
  accepts(): readonly Transport[]
  /** From the next connection on; those already open are the connection table's business. */
  setAccepts(accepts: readonly Transport[]): void
  connections: ConnectionTable
  /** Resolves when every handshake and take-over that runs now is over, however it ended, or after `mostMs`. */
  handshakesOver(mostMs: number): Promise<void>
  close(): Promise<void>
}

/** A TLS handshake under way: since when, judged by which credentials, and what was accepted when its connection came. */
type Handshake = { began: number; generation: number; accepted: readonly Transport[]; over: () => void }

/**
 * One port, any set of transports, changed live, never closed. The first byte says what a connection speaks; what it
 * turns out to be must be accepted at that moment. Only the public, whom nobody tells to move, may also come in the way
 * that was accepted when it connected: whoever is admitted decides how long it stays.
 */
export const createListener = (options: ListenerOptions): Listener => {
  const { credentials, telemetry, trustDomain, limits = listenerLimits } = options
  const origins = createOrigins(options.proxyTrust ?? (() => undefined))
  const connections = createConnectionTable(telemetry, origins.of)
  let accepts: readonly Transport[] = []

  const admit = (socket: Socket, transport: Transport, peer: Peer, generation: number, handshakeMs?: number) => {
    const publicName = publicNameOf(socket)
    const connection = connections.open(socket, { transport, peer, generation, publicName, handshakeMs })
    options.admit(socket, connection)
  }

  const publicNameOf = (socket: Socket): string | undefined => {
    const asked = socket instanceof TLSSocket && socket.servername ? String(socket.servername).toLowerCase() : undefined
    return asked !== undefined && credentials.publicServer(asked) ? asked : undefined
  }

  const refuse = (socket: Socket, failure: Failure) => {
    connections.refused(socket, failure)
    socket.destroy()
  }

  const judge = (socket: TLSSocket) => {
    const known = handshakes.get(endpointOf(socket))
    const { began, generation, accepted } = known ?? { began: performance.now(), generation: 0, accepted: accepts }
    known?.over()
    socket.on('error', ignored)
    const judgement: Judgement = options.publicOnly
      ? { peer: { kind: 'anonymous', because: 'no-certificate' } }
      : judgeCaller(socket, trustDomain)
    if (judgement.refused) return refuse(socket, judgement.refused)
    const transport: Transport = judgement.peer.kind === 'authenticated' ? 'mtls' : 'tls'
    const isPublic = options.publicOnly || publicNameOf(socket) !== undefined
    if (!accepts.includes(transport) && !(isPublic && accepted.includes(transport)))
      return refuse(socket, failureNamed(accepts.includes('mtls') ? 'no-client-certificate' : 'transport-not-accepted'))
    admit(socket, transport, judgement.peer, generation, performance.now() - began)
  }

  // Node hands over the TLS socket without the one it wraps; both have the same remote endpoint.
  // Trust may be replaced in mid-handshake: what counts is the generation that judged the chain.
  const handshakes = new Map<string, Handshake>()
  const underWay = createUnderWay()

  const createHandshaker = (requestCert: boolean): TlsServer =>
    createTlsServer({
      requestCert,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeMs,
      ALPNProtocols: options.protocols ?? ['http/1.1'],
      SNICallback(serverName, done) {
        const context = credentials.publicServer(serverName)
        if (context) return done(null, context)
        if (options.publicOnly) done(new HopError('unrecognized-name', { message: 'no such public name' }))
        else done(null, undefined)
      },
    })
      .on('secureConnection', judge)
      .on('keylog', line => telemetry.keyLog(line.toString('latin1').trim()))
      .on('tlsClientError', (error, socket) => {
        connections.refused(socket, failureOf(error))
        socket.destroy()
      })

  const anonymous = createHandshaker(false)
  const mutual = createHandshaker(true)

  // Servers get their default context lazily, once per generation of the credentials.
  const generations = new Map<TlsServer, number>()
  const refresh = (server: TlsServer, socket: Socket): boolean => {
    if (generations.get(server) === credentials.generation()) return true
    try {
      server.setSecureContext(credentials.serverOptions(options.publicOnly ?? false))
      generations.set(server, credentials.generation())
      return true
    } catch (error) {
      refuse(socket, failureOf(error))
      return false
    }
  }

  const handshake = (socket: Socket, accepted: readonly Transport[]) => {
    const may = (transport: Transport) => accepts.includes(transport) || accepted.includes(transport)
    const asks = !options.publicOnly && may('mtls')
    if (!asks && !may('tls')) return refuse(socket, failureNamed('tls-to-plaintext'))
    const server = asks ? mutual : anonymous
    if (!refresh(server, socket)) return
    const endpoint = endpointOf(socket)
    const { promise, resolve: over } = Promise.withResolvers<void>()
    underWay.add(promise)
    handshakes.set(endpoint, { began: performance.now(), generation: credentials.generation(), accepted, over })
    socket.once('close', () => {
      handshakes.delete(endpoint)
      over()
    })
    server.emit('connection', socket)
  }

  const plaintext = (socket: Socket) => {
    if (accepts.includes('plaintext'))
      return admit(socket, 'plaintext', { kind: 'anonymous', because: 'plaintext' }, credentials.generation())
    connections.refused(socket, failureNamed('plaintext-to-tls'))
    requireUpgrade(socket)
  }

  const sort = (socket: Socket) => {
    const accepted = accepts
    awaitFirstByte(socket, origins, limits.firstByteMs, {
      came(speaksTls) {
        connections.spoke(socket)
        if (speaksTls) handshake(socket, accepted)
        else plaintext(socket)
      },
      refused: failure => refuse(socket, failure),
    })
  }

  const server: Server = createServer({ noDelay: true, allowHalfOpen: false }, socket => {
    socket.on('error', ignored)
    if (!connections.arrived(socket, limits.connections)) return
    const taken = options.takeOver?.(socket)
    if (!taken) return sort(socket)
    connections.spoke(socket)
    underWay.add(taken)
  })

  return {
    listen: ({ host = '127.0.0.1', port = 0 } = {}) => bind(server, host, port),
    accepts: () => accepts,
    setAccepts(next) {
      accepts = [...next]
    },
    connections,
    handshakesOver: underWay.over,
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      connections.destroyAll()
      await closed
    },
  }
}

const ignored = () => {}
