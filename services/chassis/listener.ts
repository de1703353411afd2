import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { bind } from './bind.ts'
import { type Connection, type ConnectionTable, createConnectionTable } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { ProxyTrust } from './desired.ts'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import { awaitFirstByte } from './first-byte.ts'
import { createHandshakers, type HandshakeWith } from './handshakers.ts'
import type { Inspect } from './inspection.ts'
import type { Peer } from './observation.ts'
import { createOrigins } from './origin.ts'
import { type Judgement, judgeCaller } from './peer.ts'
import { createPeers, type Endpoint, endpointOf, type IsRelay } from './peers.ts'
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
  /** What else there is to say against a caller whose chain and name are good; absent: nothing. */
  inspect?: Inspect
  /** Offered by ALPN, in order. */
  protocols?: string[]
  /** Sees a connection before its first byte is read. A promise means it was taken over (passthrough); kept when it is on its way. */
  takeOver?: (socket: Socket, peer: Endpoint) => Promise<void> | false
  /** Whose PROXY header is believed now; absent: nobody's. */
  proxyTrust?: () => ProxyTrust | undefined
  /** The relay in front of this listener, which says who connected; absent: there is none. See {@link createPeers}. */
  isRelay?: IsRelay | undefined
  /**
   * Reads whom a ClientHello asks for and puts it back; undefined without a name. Asked where public names are held beside
   * the workload's own certificate: OpenSSL settles the version before it asks for the certificate of a name, so who comes
   * for a public name must meet its policy from the start.
   */
  peekServerName?: (socket: Socket) => Promise<string | undefined>
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
  /** Takes no connection any more; those there are stay. */
  takeNoMore(): void
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
  const peers = createPeers(options.isRelay)
  const origins = createOrigins(options.proxyTrust ?? (() => undefined), peers)
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
      : judgeCaller(socket, trustDomain, { credentials, inspect: options.inspect })
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

  const handshakers = createHandshakers({
    credentials,
    telemetry,
    handshakeMs: limits.handshakeMs,
    protocols: options.protocols ?? ['http/1.1'],
    publicOnly: options.publicOnly ?? false,
    done: judge,
    failed: (error, socket) => refuse(socket, failureOf(error)),
  })

  const handshake = (socket: Socket, accepted: readonly Transport[]) => {
    const may = (transport: Transport) => accepts.includes(transport) || accepted.includes(transport)
    const asks = !options.publicOnly && may('mtls')
    if (!asks && !may('tls')) return refuse(socket, failureNamed('tls-to-plaintext'))
    const endpoint = endpointOf(socket)
    const { promise, resolve: over } = Promise.withResolvers<void>()
    underWay.add(promise)
    handshakes.set(endpoint, { began: performance.now(), generation: credentials.generation(), accepted, over })
    socket.once('close', () => {
      handshakes.delete(endpoint)
      over()
    })
    const take = (kind: HandshakeWith) => {
      try {
        handshakers.take(socket, kind)
      } catch (error) {
        refuse(socket, failureOf(error))
      }
    }
    const inner = asks ? 'proven' : 'anonymous'
    if (options.publicOnly) return take('public')
    if (!options.peekServerName || !holdsPublic()) return take(inner)
    options.peekServerName(socket).then(
      name => take(name !== undefined && credentials.publicServer(name) ? 'public' : inner),
      error => refuse(socket, failureNamed('bad-client-hello', failureOf(error).code)),
    )
  }

  const holdsPublic = () => credentials.held().some(({ kind }) => kind === 'public')

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

  const receive = (socket: Socket) => {
    const taken = options.takeOver?.(socket, peers.of(socket))
    if (!taken) return sort(socket)
    connections.spoke(socket)
    underWay.add(taken)
  }

  const server: Server = createServer({ noDelay: true, allowHalfOpen: false }, socket => {
    socket.on('error', ignored)
    if (!connections.arrived(socket, limits.connections)) return
    peers.meet(socket, limits.firstByteMs, { came: () => receive(socket), refused: failure => refuse(socket, failure) })
  })

  return {
    listen: ({ host = '127.0.0.1', port = 0 } = {}) => bind(server, host, port),
    accepts: () => accepts,
    setAccepts(next) {
      accepts = [...next]
    },
    connections,
    handshakesOver: underWay.over,
    takeNoMore: () => void server.close(),
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      connections.destroyAll()
      await closed
    },
  }
}

const ignored = () => {}
