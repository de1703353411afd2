import type { Socket } from 'node:net'
import type { Desired } from '../chassis/desired.ts'
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
  return (socket: Socket, { splices }: Desired): Promise<void> | false => {
    if (splices.length === 0) return false
    // asked now: a socket that has closed has no addresses any more
    const header = headerFor(socket)
    let over: ReturnType<Telemetry['connection']> | undefined
    return splice({
      socket,
      splices,
      limits,
      ...(dialFrom === undefined ? {} : { dialFrom }),
      preface: chosen => (chosen.proxyProtocol ? header : nothing),
      onConnection: ({ serverName, remoteAddress, remotePort, failure, splice: chosen }) => {
        over = telemetry.connection({
          id: newSpanId(),
          side: 'server',
          at: new Date().toISOString(),
          transport: 'spliced',
          ...(chosen ? { link: chosen.link } : {}),
          ...(serverName === undefined ? {} : { serverName }),
          ...(remoteAddress === undefined ? {} : { remoteAddress }),
          ...(remotePort === undefined ? {} : { remotePort }),
          ...(failure ? { failure } : {}),
        })
      },
      onClose: (_, { bytesIn, bytesOut, durationMs }) => over?.({ bytesIn, bytesOut, durationMs }),
    })
  }
}

const nothing = Buffer.alloc(0)

const headerFor = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): Buffer => {
  if (!remoteAddress || !remotePort || !localAddress || !localPort) return nothing
  const source = addressOf(remoteAddress, remotePort)
  return encodeProxyHeader({ source, destination: addressOf(localAddress, localPort) })
}

/** A client that comes by IPv4 to a socket of both kinds is named by his IPv4 address. */
const addressOf = (host: string, port: number): Address => ({ host: host.replace(/^::ffff:/, ''), port })
