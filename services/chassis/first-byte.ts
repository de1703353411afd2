import type { Socket } from 'node:net'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import type { Origins } from './origin.ts'

/** What becomes of a connection: exactly one of these is called, or none if it closes before. */
type Outcome = {
  /** The byte is left in the socket. */
  came(speaksTls: boolean): void
  /** Nothing came in time, or a PROXY header that is none. */
  refused(failure: Failure): void
}

/** The content type of a TLS record that carries a handshake (RFC 8446, 5.1). */
const handshakeRecord = 0x16

/** Waits at most `mostMs` for a connection's first byte, behind the PROXY header of whoever is trusted with one. */
export const awaitFirstByte = (socket: Socket, origins: Origins, mostMs: number, outcome: Outcome): void => {
  const timer = setTimeout(() => outcome.refused(failureNamed('handshake-timeout')), mostMs)
  socket.once('close', () => clearTimeout(timer))
  const look = (): void => {
    try {
      const byte: Buffer | null = origins.settle(socket) ? socket.read(1) : null
      if (byte === null) {
        if (!socket.readableEnded && !socket.destroyed) socket.once('readable', look)
        return
      }
      clearTimeout(timer)
      socket.unshift(byte)
      outcome.came(byte[0] === handshakeRecord)
    } catch (error) {
      clearTimeout(timer)
      outcome.refused(failureOf(error))
    }
  }
  socket.once('readable', look)
}
