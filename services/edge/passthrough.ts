import type { Socket } from 'node:net'
import type { Desired } from '../chassis/desired.ts'
import { type Endpoint, plainAddress } from '../chassis/peers.ts'
import { encodeProxyHeader } from '../chassis/proxy-protocol.ts'
import type { Telemetry } from '../chassis/telemetry.ts'
import { newSpanId } from '../chassis/trace.ts'
import type { Address } from '../chassis/transport.ts'
import type { HelloLimits } from './hello.ts'
import { splice } from './splice.ts'

export type PassthroughOptions = {
  telemetry: Telemetry
  limits?: HelloLimits
  /** Source address of spliced connections, by which the workload knows this edge; undefined: the system's choice. */
  dialFrom?: string | undefined
}

/**
 * Takes every connection over while the desired state says to splice. The edge then sees a server name, bytes and
 * times, and that is all its records hold; who connected it tells the workload in a PROXY header, where that is wanted.
 */
export const createPassthrough = ({ telemetry, limits = {}, dialFrom }: PassthroughOptions) => {
  return (socket: Socket, { splices }: Desired, peer: Endpoint): Promise<void> | false => {
    if (splices.length === 0) return false
    // asked now: a socket that has closed has no addresses any more
    const header = headerFor(socket, peer)
    let over: ReturnType<Telemetry['connection']> | undefined
    return splice({
      socket,
      peer,
      splices,
      limits,
      ...(dialFrom === undefined ? {} : { dialFrom }),
      preface: chosen => (chosen.proxyProtocol ? header : nothing),
      onConnection: ({ serverName, peer: client, failure, splice: chosen }) => {
        over = telemetry.connection({
          id: newSpanId(),
          side: 'server',
          at: new Date().toISOString(),
          transport: 'spliced',
          ...(chosen ? { link: chosen.link } : {}),
          ...(serverName === undefined ? {} : { serverName }),
          ...(client === undefined ? {} : { remoteAddress: client.address, remotePort: client.port }),
          ...(failure ? { failure } : {}),
        })
      },
      onClose: (_, { bytesIn, bytesOut, durationMs }) => over?.({ bytesIn, bytesOut, durationMs }),
    })
  }
}

const nothing = Buffer.alloc(0)

const headerFor = ({ localAddress, localPort }: Socket, { address, port }: Endpoint): Buffer => {
  if (!port || !localAddress || !localPort) return nothing
  return encodeProxyHeader({ source: addressOf(address, port), destination: addressOf(localAddress, localPort) })
}

/** A client that comes by IPv4 to a socket of both kinds is named by his IPv4 address. */
const addressOf = (host: string, port: number): Address => ({ host: plainAddress(host), port })
