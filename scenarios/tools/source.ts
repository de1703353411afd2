import { randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import type { ConnectionRecord } from '../../services/chassis/observation.ts'
import type { Address } from '../../services/chassis/transport.ts'

/** Where a connection of ours came from: its address, and its port where others come from that address too. */
export type Source = { from?: string; fromPort?: number }

/**
 * An address of one's own to call a loopback address from, to be told apart by; the range 127.64.0.0/10 is nobody's.
 * Undefined off loopback, where a machine has the addresses its networks gave it.
 */
export const freshAddress = ({ host }: Address): string | undefined =>
  host.startsWith('127.') ? `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(1, 255)}` : undefined

/** Of a connected socket; `own`: it was bound to an address of its own. */
export const sourceOf = ({ localAddress, localPort }: Socket, own: boolean): Source => ({
  ...(localAddress === undefined ? {} : { from: localAddress }),
  ...(own || localPort === undefined ? {} : { fromPort: localPort }),
})

type Ends = Pick<ConnectionRecord, 'remoteAddress' | 'remotePort' | 'proxiedBy' | 'proxyPort'>

/** Is this the record of a connection from there, whoever handed it on? */
export const cameFrom = ({ remoteAddress, remotePort }: Ends, { from, fromPort }: Source): boolean =>
  from !== undefined && remoteAddress === from && (fromPort === undefined || remotePort === fromPort)

/** Is this the record of a connection that was made from there, whomever it was handed on for? */
export const connectedFrom = ({ remoteAddress, remotePort, proxiedBy, proxyPort }: Ends, source: Source): boolean =>
  cameFrom(
    proxiedBy === undefined
      ? { ...(remoteAddress && { remoteAddress }), ...(remotePort && { remotePort }) }
      : { remoteAddress: proxiedBy, ...(proxyPort && { remotePort: proxyPort }) },
    source,
  )
