import type { Socket } from 'node:net'
import { HopError, type HopErrorDetails } from '../../pki/error.ts'

/**
 * Every reason to turn a connection away before it is spliced, and the TLS alert the client gets for it (RFC 8446 §6).
 * Without an alert the connection is just closed: the other end does not speak TLS, or is gone, or says nothing.
 */
export const helloRefusals = {
  'not-tls': undefined,
  'client-hello-timeout': undefined,
  'client-closed': undefined,
  'client-reset': undefined,
  'client-hello-malformed': { name: 'decode_error', number: 50 },
  'client-hello-too-large': { name: 'handshake_failure', number: 40 },
  'unexpected-message': { name: 'unexpected_message', number: 10 },
  'record-too-large': { name: 'record_overflow', number: 22 },
  // RFC 8446 §4.2: not more than one extension of a type; RFC 6066 §3: not more than one name of a type.
  'server-name-doubled': { name: 'illegal_parameter', number: 47 },
  // RFC 8446 §9.2: a server that requires server_name says so.
  'server-name-absent': { name: 'missing_extension', number: 109 },
  'server-name-invalid': { name: 'unrecognized_name', number: 112 },
  'server-name-unknown': { name: 'unrecognized_name', number: 112 },
  'callee-unreachable': { name: 'internal_error', number: 80 },
} as const satisfies Record<string, { name: string; number: number } | undefined>

export type HelloRefusal = keyof typeof helloRefusals

/** A refusal as an error: its code is the refusal's name. */
export const refusal = (name: HelloRefusal, details: HopErrorDetails = {}): HopError => new HopError(name, details)

/** The alert's name, `closed` where there is none. */
export const alertName = (name: HelloRefusal): string => helloRefusals[name]?.name ?? 'closed'

/** How long a refused client has to read its alert before the connection is gone whatever it does. */
const lingerMs = 1000

/** Says the refusal's alert, if it has one, and closes. What the client still sends is thrown away. */
export const turnAway = (socket: Socket, name: HelloRefusal): void => {
  const alert = helloRefusals[name]
  if (!alert || socket.destroyed) {
    socket.destroy()
    return
  }
  // A close with unread input becomes a reset, and a reset may overtake the alert: read on until the client closes.
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
  socket.on('data', () => {}).resume()
  socket.end(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, alert.number]))
}
