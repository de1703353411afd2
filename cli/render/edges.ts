import type { Edge, Edges, ObservedEdge } from '../../scenarios/edges/edges.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { identityWord } from './identity.ts'
import { table, wrap } from './table.ts'
import { count, listed, shown, unheard } from './words.ts'

type Look = { paint: Paint; columns: number; now?: number }

/** Who calls whom, over what, as whom: what was seen beside what is meant. */
export const renderEdges = ({ topology, mode, since, edges, away }: Edges, look: Look): string => {
  const { paint, columns, now = Date.now() } = look
  const from = since === null ? 'as far back as they remember' : `since ${since.slice(11, 19)}`
  const titles = ['link', 'carried by', 'conns', 'refused', 'reqs', 'reused', 'expires']
  const shape = titles.map((title, i) => ({ title, right: i > 1 }))
  const differing = edges.flatMap(({ link, differs }) => differs.map(words => ({ link, words })))
  return [
    ...wrap(
      `Who calls whom in ${paint.strong(shown(topology, 40))} under ${paint.strong(mode)}, as the workloads saw it ${from}`,
      columns,
    ),
    '',
    table(
      [...shape, { title: 'caller ⇄ callee', wrap: true }],
      edges.map(edge => rowOf(edge, paint, now)),
      {
        width: columns,
        dim: paint.dim,
      },
    ),
    '',
    ...(differing.length === 0
      ? [paint.good('✓ what was seen is what is meant')]
      : differing.flatMap(({ link, words }) =>
          wrap(`${shown(linkTitle(link), 60)}: ${shown(words)}`, columns - 2).map(
            (line, i) => `${i === 0 ? paint.bad('✗') : ' '} ${line}`,
          ),
        )),
    ...unheard(away),
  ].join('\n')
}

const rowOf = ({ link, intended, observed, unknown, differs }: Edge, paint: Paint, now: number): string[] => {
  const name = shown(linkTitle(link), 40)
  if (!observed)
    return [
      name,
      paint.dim(`(${intended})`),
      ...Array.from({ length: 5 }, () => paint.dim('–')),
      paint.dim('nobody came by'),
    ]
  const { connections, refused, requests, reused } = observed
  const colour = differs.length > 0 ? 'bad' : observed.transports.includes('plaintext') ? 'warn' : 'good'
  return [
    unknown ? paint.bad(name) : name,
    paint[colour](carriedBy(observed)),
    String(connections),
    refused > 0 ? paint.warn(String(refused)) : '0',
    String(requests),
    requests === 0 ? '–' : `${Math.round((100 * reused) / requests)}%`,
    expiry(observed, now),
    shown(who(observed), 160),
  ]
}

const carriedBy = ({ transports, protocols }: ObservedEdge): string => {
  const versions = protocols.map(protocol => protocol.replace('TLSv', ''))
  return [transports.join('+') || 'nothing', versions.join('/')].filter(Boolean).join(' ')
}

/** The certificate of either end that ends first. */
const expiry = ({ callerExpires, calleeExpires }: ObservedEdge, now: number): string => {
  const first = [callerExpires, calleeExpires].filter(at => at !== undefined).sort()[0]
  if (first === undefined) return '–'
  const s = Math.round((Date.parse(first) - now) / 1000)
  if (s <= 0) return 'over'
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`
}

const who = ({
  callerSeen,
  calleeSeen,
  because,
  refused,
  refusedBecause,
  connections,
  resumed,
  transports,
}: ObservedEdge): string => {
  const callers = callerSeen.filter(({ kind }) => kind === 'authenticated').map(identityWord)
  const callees = calleeSeen.filter(({ kind }) => kind === 'authenticated').map(identityWord)
  const proven = transports.includes('mtls') || callees.length > 0
  const left = callers.length > 0 ? listed(callers) : because.length > 0 ? `nobody (${listed(because)})` : '?'
  return [
    connections > 0 ? (proven ? `${left} ⇄ ${listed(callees) || '?'}` : left) : '',
    resumed > 0 ? `${count(resumed, 'session')} resumed` : '',
    refused > 0 ? `refused: ${listed(refusedBecause)}` : '',
  ]
    .filter(Boolean)
    .join('; ')
}
