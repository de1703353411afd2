import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { HopError } from '../../pki/error.ts'
import type { Credentials } from './credentials.ts'
import type { Telemetry } from './telemetry.ts'

/** Whom a handshake is with: a caller asked for his certificate, one who is not asked, or the public. */
export type HandshakeWith = 'proven' | 'anonymous' | 'public'

export type HandshakersOptions = {
  credentials: Credentials
  telemetry: Telemetry
  handshakeMs: number
  /** Offered by ALPN, in order. */
  protocols: string[]
  /** A server name that nobody holds here is refused. */
  publicOnly: boolean
  /** The handshake is done; the socket may still turn out not to be welcome. */
  done(socket: TLSSocket): void
  failed(error: Error, socket: Socket): void
}

/** The TLS servers of one listener. None of them listens: each takes the connections it is handed. */
export type Handshakers = {
  /** Throws `not-enrolled` while there is no certificate to show. */
  take(socket: Socket, kind: HandshakeWith): void
}

export const createHandshakers = (options: HandshakersOptions): Handshakers => {
  const { credentials, telemetry, handshakeMs, protocols, publicOnly } = options

  const create = (requestCert: boolean): Server =>
    createServer({
      requestCert,
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      ALPNProtocols: protocols,
      SNICallback(serverName, done) {
        const context = credentials.publicServer(serverName)
        if (context) return done(null, context)
        if (publicOnly) done(new HopError('unrecognized-name', { message: 'no such public name' }))
        else done(null, undefined)
      },
    })
      .on('secureConnection', options.done)
      .on('keylog', line => telemetry.keyLog(line.toString('latin1').trim()))
      .on('tlsClientError', options.failed)

  const servers = { proven: create(true), anonymous: create(false), public: create(false) }
  // Servers get their default context lazily, once per generation of the credentials.
  const generations: Partial<Record<HandshakeWith, number>> = {}

  return {
    take(socket, kind) {
      if (generations[kind] !== credentials.generation()) {
        servers[kind].setSecureContext(credentials.serverOptions(kind === 'public'))
        generations[kind] = credentials.generation()
      }
      servers[kind].emit('connection', socket)
    },
  }
}
