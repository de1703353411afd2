import type { Journey, JourneyHop } from '../../scenarios/request/journey.ts'
import type { Splice } from '../../scenarios/request/splice.ts'
import type { Trouble } from '../../scenarios/request/trouble.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { identityWord } from './identity.ts'
import { pad, table, wrap } from './table.ts'
import { count, moment, shown, unheard, workloadOf } from './words.ts'

type Look = { paint: Paint; columns: number }

/** One request's whole story: how each hop was carried and by whom, what was decided, where the time went, what went wrong. */
export const renderJourney = (journey: Journey, look: Look): string => {
  const { paint, columns } = look
  const { method, path, status, durationMs, requestId, traceId, at, hops, splice, away } = journey
  const answer = status === 0 ? 'no answer' : String(status)
  const outcome = status > 0 && status < 400 ? paint.good(answer) : paint.bad(answer)
  const troubled = hops.filter(({ trouble }) => trouble)
  return [
    `${paint.strong(shown(`${method} ${path}`, 80))} → ${outcome} after ${millis(durationMs)} ms, at ${moment(at)}`,
    paint.dim(`request ${requestId} · trace ${traceId}`),
    '',
    table(
      [
        ...['hop', 'transport', 'TLS', 'cipher', 'connection'].map(title => ({ title })),
        { title: 'caller ⇄ callee, as the other saw it', wrap: true },
      ],
      hops.map(hop => carried(hop, paint)),
      { width: columns, dim: paint.dim },
    ),
    '',
    table(
      [
        ...['at', 'request', 'answer'].map(title => ({ title })),
        { title: 'policy', wrap: true },
        ...['connect', 'TLS', 'wait', 'body', 'all ms'].map(title => ({ title, right: true })),
      ],
      hops.map(hop => handled(hop, paint)),
      { width: columns, dim: paint.dim },
    ),
    '',
    ...(splice ? [...passedOn(splice, look), ''] : []),
    ...(troubled.length === 0 ? wrap(where(hops), columns) : troubled.flatMap(hop => told(hop, hop.trouble!, look))),
    ...unheard(away),
  ].join('\n')
}

const indented = (depth: number, text: string): string => `${'  '.repeat(depth)}${text}`

const carried = (hop: JourneyHop, paint: Paint): string[] => {
  const { depth, link, transport, protocol, cipher, callerSeen, calleeSeen, believed } = hop
  const colour = transport === undefined ? 'dim' : transport === 'plaintext' ? 'bad' : 'good'
  const stated = believed?.by === 'header' ? `, says ${workloadOf(believed.caller ?? '')}` : ''
  return [
    indented(depth, shown(linkTitle(link), 40)),
    paint[colour](transport ?? 'none'),
    protocol?.replace('TLSv', '') ?? '–',
    cipher?.replace(/^TLS_/, '') ?? '–',
    connectionWord(hop),
    shown(
      `${identityWord(callerSeen)}${stated}${calleeSeen && transport !== 'plaintext' ? ` ⇄ ${identityWord(calleeSeen)}` : ''}`,
      120,
    ),
  ]
}

const connectionWord = ({ nth, handshake, trouble, transport }: JourneyHop): string => {
  if (nth === undefined) return trouble && transport === undefined ? 'none' : 'failed'
  if (nth > 1) return `reused, ${ordinal(nth)}`
  return handshake === undefined ? 'new' : handshake === 'full' ? 'handshake' : 'resumed'
}

const ordinals: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' }
const rules = new Intl.PluralRules('en', { type: 'ordinal' })
const ordinal = (n: number): string => `${n}${ordinals[rules.select(n)] ?? 'th'}`

const handled = (hop: JourneyHop, paint: Paint): string[] => {
  const { depth, callee, method, path, status, decision, split = {}, atCalleeMs } = hop
  const answer = status === undefined ? '–' : status === 0 ? 'none' : String(status)
  const bad = status === undefined || status === 0 || status >= 400
  const policy =
    decision === undefined
      ? paint.dim('not asked')
      : decision.allowed
        ? linkTitle(decision.rule)
        : paint.bad(`denied: ${decision.because}`)
  return [
    indented(depth, callee),
    shown(`${method} ${path}`, 22),
    bad ? paint.bad(answer) : answer,
    policy,
    ...[split.connectMs, split.handshakeMs, split.waitMs, split.bodyMs, split.durationMs ?? atCalleeMs].map(millis),
  ]
}

/** Two figures that count. */
const millis = (ms: number | undefined): string => (ms === undefined ? '–' : ms < 10 ? ms.toFixed(1) : ms.toFixed(0))

const phases = {
  queuedMs: 'waiting for a connection',
  connectMs: 'connecting',
  handshakeMs: 'in the handshake',
  waitMs: 'waiting for the first byte',
  bodyMs: 'reading the answer',
} as const

/** Where most of the time went: of the hops without calls of their own the slowest, and its longest phase. */
const where = (hops: readonly JourneyHop[]): string => {
  const last = hops.filter(({ depth }, i) => (hops[i + 1]?.depth ?? 0) <= depth)
  const slowest = last
    .filter(({ split }) => split?.durationMs !== undefined)
    .sort((a, b) => b.split!.durationMs! - a.split!.durationMs!)[0]
  if (!slowest) return 'It went no further.'
  const [name, ms] = Object.entries(slowest.split!)
    .filter(([phase]) => phase !== 'durationMs')
    .sort(([, a], [, b]) => b - a)[0]!
  return `The innermost call that took longest was ${linkTitle(slowest.link)}: ${millis(slowest.split!.durationMs)} ms, of these ${millis(ms)} ${phases[name as keyof typeof phases]}.`
}

const passedOn = (
  { workload, link, serverName, bytesIn, bytesOut, durationMs, knownBy }: Splice,
  { paint, columns }: Look,
) => {
  const amount =
    bytesIn === undefined ? 'still open' : `${count(bytesIn, 'byte')} in, ${bytesOut} out, ${millis(durationMs)} ms`
  const proof =
    knownBy === 'address' ? 'known by the client’s address and port, which it handed on' : 'known by its time only'
  const text = `${workload} passed the connection on unopened${serverName ? `, by its name ${serverName}` : ''}${link ? ` (${linkTitle(link)})` : ''}: ${amount}. It saw no request, so it has no id, no route and no status of it; ${proof}.`
  return wrap(text, columns - 2).map((line, i) => paint.dim(`${i === 0 ? '░' : ' '} ${line}`))
}

const told = ({ link, caller, callee }: JourneyHop, trouble: Trouble, { paint, columns }: Look): string[] => {
  const { name, code, cause, remedy, records } = trouble
  const labelled = (label: string, text: string) =>
    wrap(shown(text), columns - 12).map((line, i) => `    ${pad(i === 0 ? label : '', 8)}${line}`)
  const seen = (end: 'caller' | 'callee', workload: string) => {
    const record = records?.[end]
    const failure = record?.failure
    if (!records) return []
    const valid = record?.peerValidity
    const dates = valid
      ? `; it was shown ${valid.serial.slice(0, 8)}…, good from ${valid.notBefore} to ${valid.notAfter}`
      : ''
    return labelled(
      end,
      failure
        ? `${workload} recorded ${failure.name} (${failure.code}) at ${record!.at.slice(11, 23)}${dates}`
        : `${workload} has no record of it`,
    )
  }
  return [
    `${paint.bad('✗')} ${paint.strong(shown(linkTitle(link), 80))}  ${paint.bad(shown(`${name}${code && code !== name ? ` (${code})` : ''}`, 80))}`,
    ...labelled('cause', cause),
    ...labelled('remedy', remedy),
    ...seen('caller', caller),
    ...seen('callee', callee),
  ]
}
