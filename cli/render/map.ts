import type { Identity, MapHop, ObservedHop, RequestMap } from '../../scenarios/map.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { table, wrap } from './table.ts'
import { count, unheard, workloadOf } from './words.ts'

/** Each hop as its ends recorded it, then how often the request was opened and who could read it. */
export const renderMap = (map: RequestMap, { paint, columns }: { paint: Paint; columns: number }): string => {
  const rows = map.hops.map(hop => rowOf(hop, paint))
  const titles = ['hop', 'transport', 'TLS', 'cipher', 'key exchange']
  const hops = table(
    [...titles.map(title => ({ title })), { title: 'caller seen as ⇄ callee seen as', wrap: true }],
    rows,
    { width: columns, dim: paint.dim },
  )
  const readers = map.readers.length === 0 ? 'nobody' : map.readers.join(', ')
  return [
    ...wrap(
      `${paint.strong(map.mode)}: one request through ${map.topology} → ${map.status}, as both ends of every hop recorded it`,
      columns,
    ),
    '',
    hops,
    '',
    `⊙ decrypted ${count(map.decryptions, 'time')} on its way. Readable to: ${readers}`,
    ...map.hops.flatMap(({ link, differs }) => differs.map(words => `${paint.warn('!')} ${linkTitle(link)}: ${words}`)),
    ...unheard(map.away),
  ].join('\n')
}

const rowOf = ({ link, observed, intended }: MapHop, paint: Paint): string[] => {
  const hop = linkTitle(link)
  if (!observed) return [hop, paint.dim(`(${intended.transport})`), '', '', '', paint.dim('not seen by this request')]
  const { transport, protocol, cipher, keyExchange, decrypted } = observed
  return [
    hop,
    `${transport === 'plaintext' ? paint.bad(transport) : paint.good(transport)}${decrypted ? ' ⊙' : ''}`,
    protocol?.replace('TLSv', '') ?? '–',
    cipher?.replace(/^TLS_/, '') ?? '–',
    keyExchange ?? '–',
    `${callerOf(observed)} ⇄ ${short(observed.callee)}`,
  ]
}

const callerOf = ({ caller, believed }: ObservedHop): string =>
  believed?.by === 'header' ? `${short(caller)}; a header says ${workloadOf(believed.caller ?? '')}` : short(caller)

/** Nobody proven is nobody, and why. */
const short = (identity: Identity | undefined): string => {
  if (!identity) return 'passes through'
  if (identity.kind === 'anonymous') return `nobody (${identity.because})`
  if (identity.kind === 'authenticated') return workloadOf(identity.id)
  if (identity.kind === 'unseen') return '?'
  const name = identity.name.replace(/^DNS:/, '')
  return identity.heldBy ? `${name} (${identity.heldBy})` : name
}
