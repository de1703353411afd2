import type { Socket } from 'node:net'
import type { ProxyTrust } from './desired.ts'
import { parseProxyHeader } from './proxy-protocol.ts'
import type { Address } from './transport.ts'

/** Where a connection comes from. `proxiedBy`: the proxy at its other end, where that is not its origin but said so. */
export type Origin = { remoteAddress: string; remotePort?: number; proxiedBy?: string }

/** The origins of one listener's connections. */
export type Origins = {
  /** Of a socket or of the TLS socket around it: both have the same remote endpoint. */
  of(socket: Socket): Origin
  /**
   * Takes a PROXY header from the front of a connection whose other end is trusted with one, else touches nothing.
   * False: more bytes are to come first (at most 528 in all). Throws HopError `proxy-header-malformed`.
   */
  settle(socket: Socket): boolean
}

/**
 * The header is optional even from whom it is believed, so that it can be switched on and off while connections come.
 * That is safe behind a splicing edge only: what it passes on begins with a ClientHello, so no client of its can put a
 * header of his own first. Trust by source address is as good as the network that delivers it, and no better.
 */
export const createOrigins = (trust: () => ProxyTrust | undefined): Origins => {
  const told = new Map<string, Address>()
  const settled = new WeakSet<Socket>()
  const begun = new WeakMap<Socket, Buffer>()

  const settle = (socket: Socket, rest: Buffer): true => {
    settled.add(socket)
    begun.delete(socket)
    if (rest.length > 0) socket.unshift(rest)
    return true
  }

  return {
    of(socket) {
      const { remoteAddress: own = 'unknown', remotePort } = socket
      const client = told.get(endpointOf(socket))
      if (client) return { remoteAddress: client.host, remotePort: client.port, proxiedBy: own }
      return { remoteAddress: own, ...(remotePort === undefined ? {} : { remotePort }) }
    },
    settle(socket) {
      if (settled.has(socket) || !believes(trust(), socket.remoteAddress)) return true
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return false
      const bytes = Buffer.concat([begun.get(socket) ?? nothing, chunk])
      if (bytes[0] !== firstOfHeader) return settle(socket, bytes)
      const header = parseProxyHeader(bytes)
      if (!header) {
        begun.set(socket, bytes)
        return false
      }
      if (header.connection) {
        const endpoint = endpointOf(socket)
        told.set(endpoint, header.connection.source)
        socket.once('close', () => told.delete(endpoint))
      }
      return settle(socket, bytes.subarray(header.length))
    },
  }
}

/** Tells the connections of one listener apart while they are open. */
export const endpointOf = (socket: Socket): string => `${socket.remoteAddress}|${socket.remotePort}`

const nothing = Buffer.alloc(0)
const firstOfHeader = 0x0d

const believes = (trust: ProxyTrust | undefined, remoteAddress = ''): boolean =>
  trust !== undefined && (trust.from === 'anyone' || trust.from.includes(remoteAddress.replace(/^::ffff:/, '')))
