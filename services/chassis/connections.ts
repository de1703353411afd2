import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { authorityKeyId } from '../../pki/key-identifiers.ts'
import { spkiHash } from '../../pki/keys.ts'
import type { Failure } from './failures.ts'
import type { ConnectionRecord, Peer } from './observation.ts'
import type { Origin } from './origin.ts'
import type { Telemetry } from './telemetry.ts'
import type { Agreed } from './tls-suites.ts'
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
  /** The public name it asked for and was shown the certificate of: the public enters here. */
  publicName: string | undefined
  /** Absent in plaintext. */
  agreed?: Agreed
  /** Of the client, as far as its other end may be believed; see {@link Origin}. */
  remoteAddress: string
  remotePort?: number
}

/** Every connection of one listener: counted from arrival, known from admission, gone when closed. */
export type ConnectionTable = {
  /**
   * Makes room for a new connection. When the table is full, the one that has been silent longest since it arrived
   * goes; when none is silent the new one is refused: false, and destroyed.
   */
  arrived(socket: Socket, limit: number): boolean
  /** Its first byte came: it no longer counts as silent. */
  spoke(socket: Socket): void
  open(
    socket: Socket,
    known: Pick<Connection, 'transport' | 'peer' | 'generation' | 'publicName'> & { handshakeMs: number | undefined },
  ): Connection
  refused(socket: Socket, failure: Failure): void
  all(): Connection[]
  /** Resolves when no open connection matches any more. */
  gone(matches: (connection: Connection) => boolean): Promise<void>
  destroyAll(): void
}

export const createConnectionTable = (telemetry: Telemetry, originOf: (socket: Socket) => Origin): ConnectionTable => {
  const sockets = new Set<Socket>()
  const silent = new Set<Socket>()
  const opened = new Map<Socket, Connection>()
  const watchers = new Set<() => void>()

  return {
    arrived(socket, limit) {
      if (sockets.size >= limit) {
        const [silentLongest] = silent
        ;(silentLongest ?? socket).destroy()
        if (!silentLongest) return false
        silent.delete(silentLongest)
      }
      sockets.add(socket)
      silent.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        silent.delete(socket)
      })
      return true
    },
    spoke: socket => void silent.delete(socket),
    open(socket, { transport, peer, generation, publicName, handshakeMs }) {
      const origin = originOf(socket)
      const described = describeTls(socket)
      const { protocol, cipher } = described
      const connection: Connection = {
        id: newSpanId(),
        socket,
        transport,
        peer,
        generation,
        publicName,
        remoteAddress: origin.remoteAddress,
        ...(origin.remotePort === undefined ? {} : { remotePort: origin.remotePort }),
        ...(protocol && cipher ? { agreed: { protocol, cipher } } : {}),
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
        ...origin,
        ...(handshakeMs === undefined ? {} : { handshakeMs }),
        ...described,
      })
      return connection
    },
    refused(socket, failure) {
      telemetry.connection({
        id: newSpanId(),
        side: 'server',
        at: new Date().toISOString(),
        ...originOf(socket),
        failure: { name: failure.name, code: failure.code },
        ...describeTls(socket),
        ...validityOf(socket),
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

/**
 * What a TLS socket can tell of itself, for either side's record. Nothing for plaintext. A caller gives the certificate it
 * has read already: on that side Node 24 hands it out only once.
 */
export const describeTls = (socket: Socket, read?: X509Certificate): Partial<ConnectionRecord> => {
  // Node 24 dereferences a null SSL in getProtocol() once the socket below was destroyed
  if (!(socket instanceof TLSSocket) || socket.destroyed) return {}
  const described: Partial<ConnectionRecord> = { resumed: socket.isSessionReused() }
  const protocol = socket.getProtocol()
  if (protocol) described.protocol = protocol
  const cipher = socket.getCipher()
  if (cipher) described.cipher = cipher.standardName
  if (socket.alpnProtocol) described.alpn = socket.alpnProtocol
  if (socket.servername) described.serverName = printable(String(socket.servername))
  const own = socket.getX509Certificate()
  if (own) described.localKey = keyOf(own)
  const theirs = read ?? socket.getPeerX509Certificate()
  if (theirs) Object.assign(described, { peerKey: keyOf(theirs), peerIssuer: issuerOf(theirs) })
  return described
}

/** For the record of a peer that was refused: until when its certificate was good, as its issuer meant it. */
export const describeValidity = (theirs: X509Certificate | undefined): Pick<ConnectionRecord, 'peerValidity'> =>
  theirs
    ? {
        peerValidity: {
          serial: theirs.serialNumber.toLowerCase(),
          notBefore: theirs.validFromDate.toISOString(),
          notAfter: theirs.validToDate.toISOString(),
        },
      }
    : {}

const validityOf = (socket: Socket) =>
  socket instanceof TLSSocket && !socket.destroyed ? describeValidity(socket.getPeerX509Certificate()) : {}

// whoever is refused may have sent what cannot be read
const issuerOf = (certificate: X509Certificate): string => {
  try {
    return authorityKeyId(certificate)
  } catch {
    return ''
  }
}

const keyOf = (certificate: X509Certificate): string => spkiHash(certificate.publicKey)

// the other end chose the name, and whoever reads the record may do so on a terminal
const printable = (name: string): string =>
  name.replace(/[^\x21-\x7e]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
