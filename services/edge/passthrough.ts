import type { Socket } from 'node:net'
import type { Desired } from '../chassis/desired.ts'
import type { Telemetry } from '../chassis/telemetry.ts'
import { newSpanId } from '../chassis/trace.ts'
import type { HelloLimits } from './hello.ts'
import { splice } from './splice.ts'

/**
 * Takes every connection over while the desired state says to splice. The edge then sees a server name, bytes and
 * times, and that is all its records hold.
 */
export const createPassthrough =
  (telemetry: Telemetry, limits: HelloLimits = {}) =>
  (socket: Socket, { splices }: Desired): Promise<void> | false => {
    if (splices.length === 0) return false
    return splice({
      socket,
      splices,
      limits,
      onConnection: ({ serverName, remoteAddress, failure, splice: chosen }) =>
        telemetry.connection({
          id: newSpanId(),
          side: 'server',
          at: new Date().toISOString(),
          transport: 'spliced',
          ...(chosen ? { link: chosen.link } : {}),
          ...(serverName === undefined ? {} : { serverName }),
          ...(remoteAddress === undefined ? {} : { remoteAddress }),
          ...(failure ? { failure } : {}),
        }),
    })
  }
