import type { Edge } from '../../scenarios/edges/edges.ts'
import type { Paint } from '../paint.ts'
import { identityWord } from './identity.ts'
import { count, listed, shown } from './words.ts'

/** What became of one edge between two looks. */
export type EdgeChange = {
  link: string
  /** How it is carried, all that was seen of it. */
  transports: string[]
  callers: string[]
  /** More of each than before. */
  connections: number
  refused: number
  requests: number
  differs: string[]
}

/** Edges on which something has happened since, in their order. */
export const changesBetween = (before: readonly Edge[], after: readonly Edge[]): EdgeChange[] =>
  after.flatMap(({ link, observed, differs }) => {
    if (!observed) return []
    const old = before.find(edge => edge.link === link)?.observed
    // a ring that is full loses old records, and another mode counts from nothing
    const more = (name: 'connections' | 'refused' | 'requests') => Math.max(0, observed[name] - (old?.[name] ?? 0))
    const change = { connections: more('connections'), refused: more('refused'), requests: more('requests') }
    const happened = old ? observed.lastSeen > old.lastSeen : true
    if (!happened && Object.values(change).every(number => number === 0)) return []
    const { transports, callerSeen } = observed
    return [{ link, transports, callers: callerSeen.map(identityWord), ...change, differs }]
  })

export const renderChange = (
  { transports, callers, connections, refused, requests, differs }: EdgeChange,
  paint: Paint,
): string => {
  const plain = transports.includes('plaintext')
  const numbers = [
    ...(requests > 0 ? [`+${count(requests, 'request')}`] : []),
    ...(connections > 0 ? [`+${count(connections, 'connection')}`] : []),
    ...(refused > 0 ? [paint.warn(`+${refused} refused`)] : []),
  ]
  return [
    paint[plain ? 'warn' : 'good'](transports.join('+') || 'nothing'),
    shown(`as ${listed(callers) || 'nobody'}`, 60),
    numbers.join(', ') || 'in use',
    ...differs.map(words => paint.bad(`✗ ${shown(words, 120)}`)),
  ].join('  ')
}
