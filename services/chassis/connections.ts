import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { spkiHash } from '../../pki/keys.ts'
import type { Failure } from './failures.ts'
import type { ConnectionRecord, Peer } from './observation.ts'
import type { Telemetry } from './telemetry.ts'
import { newSpanId } from './trace.ts'
import type { Transport } from './transport.ts'

/** An accepted connection, from the moment it is known who is at the other end. */
export type Connection = {
  id: string
  socket: Socket
  transport: Transport
  peer: Peer
  /** Generation of the credentials it was judged under. */
  generation: number
  serverName: string | undefined
  remoteAddress: string
}

/** Every connection of one listener: counted from arrival, known from admission, gone when closed. */
export type ConnectionTable = {
  /** False when the table is full; the socket is destroyed then. */
  arrived(socket: Socket, limit: number): boolean
  open(
    socket: Socket,
    known: { transport: Transport; peer: Peer; generation: number; handshakeMs: number | undefined },
  ): Connection
  refused(socket: Socket, failure: Failure): void
  all(): Connection[]
  /** Resolves when no open connection matches any more. */
  gone(matches: (connection: Connection) => boolean): Promise<void>
  destroyAll(): void
}

export const createConnectionTable = (telemetry: Telemetry): ConnectionTable => {
  const sockets = new Set<Socket>()
  const opened = new Map<Socket, Connection>()
  const watchers = new Set<() => void>()

  return {
    arrived(socket, limit) {
      if (sockets.size >= limit) {
        socket.destroy()
        return false
      }
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return true
    },
    open(socket, { transport, peer, generation, handshakeMs }) {
      const connection: Connection = {
        id: newSpanId(),
        socket,
        transport,
        peer,
        generation,
        serverName:
          socket instanceof TLSSocket && socket.servername ? String(socket.servername).toLowerCase() : undefined,
        remoteAddress: socket.remoteAddress ?? 'unknown',
      }
      opened.set(socket, connection)
      socket.once('close', () => {
        opened.delete(socket)
        for (const watcher of [...watchers]) watcher()
      })
      telemetry.connection({
        id: connection.id,
        side: 'server',
        at: new Date().toISOString(),
        transport,
        peer,
        remoteAddress: connection.remoteAddress,
        ...(handshakeMs === undefined ? {} : { handshakeMs }),
        ...describeTls(socket),
      })
      return connection
    },
    refused(socket, failure) {
      telemetry.connection({
        id: newSpanId(),
        side: 'server',
        at: new Date().toISOString(),
        remoteAddress: socket.remoteAddress ?? 'unknown',
        failure: { name: failure.name, code: failure.code },
        ...describeTls(socket),
      })
    },
    all: () => [...opened.values()],
    gone: matches =>
      new Promise(resolve => {
        const check = () => {
          if ([...opened.values()].some(matches)) return
          watchers.delete(check)
          resolve()
        }
        watchers.add(check)
        check()
      }),
    destroyAll() {
      for (const socket of [...opened.keys(), ...sockets]) socket.destroy()
    },
  }
}

/** What a TLS socket can tell of itself, for either side's record. Nothing for plaintext. */
export const describeTls = (socket: Socket): Partial<ConnectionRecord> => {
  if (!(socket instanceof TLSSocket)) return {}
  const described: Partial<ConnectionRecord> = { resumed: socket.isSessionReused() }
  const protocol = socket.getProtocol()
  if (protocol) described.protocol = protocol
  const cipher = socket.getCipher()
  if (cipher) described.cipher = cipher.standardName
  if (socket.alpnProtocol) described.alpn = socket.alpnProtocol
  if (socket.servername) described.serverName = String(socket.servername)
  const own = socket.getX509Certificate()
  if (own) described.localKey = keyOf(own)
  const theirs = socket.getPeerX509Certificate()
  if (theirs) described.peerKey = keyOf(theirs)
  return described
}

const keyOf = (certificate: X509Certificate): string => spkiHash(certificate.publicKey)
