import type { Socket } from 'node:net'
import type { ProxyTrust } from './desired.ts'
import { createPeers, type Endpoint, endpointOf, type Peers, plainAddress } from './peers.ts'
import { createProxyReader } from './proxy-reader.ts'

/**
 * Where a connection comes from. `proxiedBy`, `proxyPort`: the proxy at its other end, where that is not its origin but said
 * so.
 */
export type Origin = { remoteAddress: string; remotePort?: number; proxiedBy?: string; proxyPort?: number }

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
 * header of his own first. Trust by source address is as good as the network that delivers it, and no better. `peers`:
 * who is at the other end.
 */
export const createOrigins = (trust: () => ProxyTrust | undefined, peers: Peers = createPeers(undefined)): Origins => {
  const told = new Map<string, Endpoint>()
  const settled = new WeakSet<Socket>()
  const reader = createProxyReader()

  return {
    of(socket) {
      const peer = peers.of(socket)
      const client = told.get(endpointOf(socket))
      return client ? { ...remote(client), ...proxy(peer) } : remote(peer)
    },
    settle(socket) {
      if (settled.has(socket) || !believes(trust(), peers.of(socket).address)) return true
      const read = reader.take(socket, false)
      if (!read) return false
      settled.add(socket)
      const source = read.header?.connection?.source
      if (source) {
        const endpoint = endpointOf(socket)
        told.set(endpoint, { address: source.host, port: source.port })
        socket.once('close', () => told.delete(endpoint))
      }
      return true
    },
  }
}

const remote = ({ address, port }: Endpoint) => ({
  remoteAddress: address,
  ...(port === undefined ? {} : { remotePort: port }),
})

const proxy = ({ address, port }: Endpoint) => ({
  proxiedBy: address,
  ...(port === undefined ? {} : { proxyPort: port }),
})

const believes = (trust: ProxyTrust | undefined, address: string): boolean =>
  trust !== undefined && (trust.from === 'anyone' || trust.from.includes(plainAddress(address)))
