import { HopError } from '../../pki/error.ts'
import type { Collected } from '../../services/control/collected.ts'

/** Nobody has a record of it; or it was answered before it was a request. */
export const requestUnknown = (about: Collected): HopError => {
  const unread = Object.entries(about.reports).flatMap(([workload, { connections }]) =>
    connections.flatMap(({ requestId, failure }) => (requestId === about.id && failure ? [{ workload, failure }] : [])),
  )[0]
  if (unread)
    return new HopError('request-unreadable', {
      field: 'request',
      expected: 'a request that could be read',
      found: `bytes that ${unread.workload} refused: ${unread.failure.name} (${unread.failure.code})`,
      remedy: 'Look at what the client sends: it was answered before it was a request',
    })
  const away = about.away.length > 0 ? `; ${about.away.join(', ')} could not be asked` : ''
  return new HopError('request-unknown', {
    field: 'request',
    expected: 'a request id or trace id of one of the last two thousand requests',
    found: `${JSON.stringify(about.id)}, which no workload remembers${away}`,
    remedy: 'hop request prints one; every answer has its own in x-request-id',
  })
}
