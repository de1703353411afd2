import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Remembered } from './remembered.ts'

/** A connection that a proxy passed on unopened: its whole knowledge of the request. */
export type Splice = {
  workload: string
  link?: string
  serverName?: string
  remoteAddress?: string
  /** When the callee had been reached, ISO 8601. */
  at: string
  /** Once it is over. */
  bytesIn?: number
  bytesOut?: number
  durationMs?: number
  /** What says that it carried this request: the client's address and port, which the proxy handed on, or only the time. */
  knownBy: 'address' | 'time'
}

/** A proxy and its callee record a connection so close to each other, ms. */
const togetherMs = 1_000

/** The spliced connection on which a request came in, where another workload passed it on. */
export const spliceOf = (
  { about, connection }: Remembered,
  entry: Remembered['requests'][number],
): Splice | undefined => {
  const own = connection(entry.workload, entry.connection)
  if (!own) return undefined
  const spliced = Object.entries(about.reports)
    .filter(([workload]) => workload !== entry.workload)
    .flatMap(([workload, { connections }]) => connections.map(record => ({ workload, record })))
    .filter(({ record }) => record.transport === 'spliced' && !record.failure)
    .filter(({ record }) => record.link === undefined || record.link.endsWith(`:${entry.workload}`))
  const same = ({ record }: { record: ConnectionRecord }) =>
    own.proxiedBy !== undefined &&
    record.remoteAddress === own.remoteAddress &&
    record.remotePort !== undefined &&
    record.remotePort === own.remotePort
  const away = ({ record }: { record: ConnectionRecord }) => Math.abs(Date.parse(record.at) - Date.parse(own.at))
  const proven = spliced.filter(same).sort((a, b) => away(a) - away(b))[0]
  const near = own.proxiedBy === undefined ? spliced.sort((a, b) => away(a) - away(b))[0] : undefined
  const found = proven ?? (near && away(near) <= togetherMs ? near : undefined)
  if (!found) return undefined
  const { link, serverName, remoteAddress, at, bytesIn, bytesOut, durationMs } = found.record
  const known = { link, serverName, remoteAddress, bytesIn, bytesOut, durationMs }
  return {
    ...{ workload: found.workload, at, knownBy: found === proven ? 'address' : 'time' },
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  }
}
