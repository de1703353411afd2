import type { Socket } from 'node:net'
import { type Failure, failureNamed, failureOf } from './failures.ts'
import { createProxyReader } from './proxy-reader.ts'

/** The other end of a connection: `unknown`, and no port, once the socket is closed. */
export type Endpoint = { address: string; port?: number }

/** Tells whether an address belongs to the relay in front of a listener, if it has one. */
export type IsRelay = (address: string) => boolean | Promise<boolean>

/** Who is at the other end of a listener's connections, seen past the relay in front of it. */
export type Peers = {
  /** Of a socket or of the TLS socket around it: both have the same remote endpoint. */
  of(socket: Socket): Endpoint
  /**
   * Calls `came` when it is known who connected: at once, unless the connection is the relay's. Then its first bytes must
   * be a PROXY header, within `mostMs`, or it is `refused`. Neither is called where it closes before.
   */
  meet(socket: Socket, mostMs: number, outcome: Outcome): void
}

type Outcome = { came(): void; refused(failure: Failure): void }

/**
 * A relay between two machines hides the caller: whoever is called sees the relay's own address. It may therefore say in
 * front of every connection who made it, and is believed as the socket itself would be; so only a listener that was told
 * by its own settings who its relay is looks for that header, from nobody else, and from him it must come.
 */
export const createPeers = (isRelay: IsRelay | undefined): Peers => {
  const told = new Map<string, Endpoint>()
  const reader = createProxyReader()

  const read = (socket: Socket, mostMs: number, { came, refused }: Outcome): void => {
    const timer = setTimeout(() => refused(failureNamed('handshake-timeout')), mostMs)
    socket.once('close', () => clearTimeout(timer))
    const look = (): void => {
      try {
        const taken = reader.take(socket, true)
        if (!taken) {
          if (!socket.readableEnded && !socket.destroyed) socket.once('readable', look)
          return
        }
        clearTimeout(timer)
        const source = taken.header?.connection?.source
        if (source) {
          const endpoint = endpointOf(socket)
          told.set(endpoint, { address: source.host, port: source.port })
          socket.once('close', () => told.delete(endpoint))
        }
        came()
      } catch (error) {
        clearTimeout(timer)
        refused(failureOf(error))
      }
    }
    look()
  }

  return {
    of: socket => told.get(endpointOf(socket)) ?? own(socket),
    meet(socket, mostMs, outcome) {
      if (!isRelay) return outcome.came()
      const sort = (relayed: boolean) => {
        if (relayed) read(socket, mostMs, outcome)
        else outcome.came()
      }
      const relayed = isRelay(plainAddress(own(socket).address))
      if (typeof relayed === 'boolean') return sort(relayed)
      relayed.then(
        known => !socket.destroyed && sort(known),
        error => outcome.refused(failureOf(error)),
      )
    },
  }
}

/** Tells the connections of one listener apart while they are open. */
export const endpointOf = (socket: Socket): string => `${socket.remoteAddress}|${socket.remotePort}`

/** An IPv4 address as such, also where a socket of both kinds took the connection. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:/, '')

const own = ({ remoteAddress, remotePort }: Socket): Endpoint => ({
  address: remoteAddress ?? 'unknown',
  ...(remotePort === undefined ? {} : { port: remotePort }),
})
