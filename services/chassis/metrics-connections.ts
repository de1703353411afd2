import type { ConnectionEnd } from './connection-memory.ts'
import { isHandshakeFailure } from './handshake-failures.ts'
import { calleeOf, other, workloadOf } from './metrics-names.ts'
import type { Counter, Registry } from './metrics-registry.ts'
import type { ConnectionRecord } from './observation.ts'

type Came = Omit<ConnectionRecord, 'cursor'>

/** Counts connections, handshakes and what became of them. `opened`: see {@link openedConnections}. */
export const connectionCounts = (registry: Registry, opened: Counter) => {
  const handshakes = registry.counter(
    'hop_handshakes_total',
    'TLS handshakes that succeeded as far as this end can tell, by side, peer as proven, and whether a session was resumed',
    ['side', 'peer', 'resumed'],
  )
  const failed = registry.counter(
    'hop_handshakes_failed_total',
    'TLS handshakes that failed, by side, peer and cause; a caller who proved nothing has no name',
    ['side', 'peer', 'cause'],
  )
  const broken = registry.counter(
    'hop_connections_failed_total',
    'Connections that came to nothing or broke outside of a handshake, by side, peer and cause',
    ['side', 'peer', 'cause'],
  )
  const bytes = registry.counter('hop_spliced_bytes_total', 'Bytes passed through unopened, by link and direction', [
    'link',
    'direction',
  ])
  return {
    came(record: Came): void {
      const { side, link, transport, failure, resumed } = record
      if (failure) {
        const count = isHandshakeFailure(failure.name) ? failed : broken
        count.add([side, nameOf(record), failure.name])
        return
      }
      if (side === 'client' || transport === 'spliced') opened.add([side, link ?? other, transport ?? other])
      if (transport === 'tls' || transport === 'mtls') handshakes.add([side, nameOf(record), String(resumed ?? false)])
    },
    over({ link = other, transport }: Came, { bytesIn = 0, bytesOut = 0 }: ConnectionEnd = {}): void {
      if (transport !== 'spliced') return
      bytes.add([link, 'in'], bytesIn)
      bytes.add([link, 'out'], bytesOut)
    },
  }
}

/** Connections by link: a callee learns the link with a connection's first request only. */
export const openedConnections = (registry: Registry) =>
  registry.counter(
    'hop_connections_opened_total',
    "Connections opened, by side, link and transport; at their callee's when they carried a first request, or were spliced",
    ['side', 'link', 'transport'],
  )

/** A callee is known by whom the link calls; a caller only by what it proved. */
const nameOf = ({ side, link, peer }: Came): string => {
  if (side === 'client') return link === undefined ? other : calleeOf(link)
  return peer?.kind === 'authenticated' ? workloadOf(peer.id) : 'unproven'
}
