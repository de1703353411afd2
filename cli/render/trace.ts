import { type Placed, type Trace, titleOf } from '../../scenarios/request/trace.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { pad, table, visible, wrap } from './table.ts'
import { count, shown, unheard } from './words.ts'

type Look = { paint: Paint; columns: number; verbose?: boolean }

/** A trace as a waterfall: one line a span, callers' spans drawn by where their time went. */
export const renderTrace = (trace: Trace, look: Look): string => {
  const { paint, columns, verbose = false } = look
  const { spans, start, end, traceId, requestId, splice, flaws, away } = trace
  const [root] = spans
  const labels = spans.map(span => `${'  '.repeat(span.depth)}${titleOf(span)}`).map(label => shown(label, 44))
  const facts = spans.map(factsOf)
  const labelWidth = Math.max(...labels.map(visible), splice ? splice.workload.length + 10 : 0)
  const besideBar = [
    millis(end - start).length,
    ...[0, 1].map(j => Math.max(10, ...facts.map(fact => visible(fact[j]!)))),
  ]
  const room = Math.max(
    16,
    besideBar.reduce((left, width) => left - width - gap.length, columns - labelWidth - gap.length),
  )
  const bar = (span: Placed) => draw(span, { start, end, room }, paint)
  const rows = spans.map((span, i) => [
    labels[i]!,
    bar(span),
    millis(span.end - span.start),
    ...facts[i]!.map((fact, j) => (j === 1 && span.error ? paint.bad(fact) : fact)),
  ])
  const splices = splice ? [[`░ ${splice.workload}: no span`, paint.dim('░'.repeat(room)), '–', 'spliced', '–']] : []
  return [
    `${paint.strong(shown(root?.name ?? 'nothing', 60))}: ${count(spans.length, 'span')} in ${millis(end - start)} ms`,
    paint.dim(`trace ${traceId} · request ${requestId}`),
    '',
    table(
      [
        { title: 'span' },
        { title: scale(end - start, room) },
        { title: 'ms', right: true },
        { title: 'carried by' },
        { title: 'answer' },
      ],
      [...splices, ...rows],
      { width: columns, dim: paint.dim },
    ),
    '',
    paint.dim(legend),
    ...(splice ? passedOn(trace, columns) : []),
    ...(verbose ? spans.flatMap(attributesOf(look)) : []),
    ...(flaws.length === 0
      ? [paint.good('✓ well formed: one root, every parent there, every call with its callee’s span')]
      : flaws.map(flaw => `${paint.bad('✗')} ${shown(flaw, columns)}`)),
    ...unheard(away),
  ].join('\n')
}

const gap = '  '
const legend = 'server █ · caller: · waiting for a connection, ─ TCP, ▒ handshake, ░ until the first byte, █ body'

const signs = { queued: '·', connect: '─', handshake: '▒', wait: '░', body: '█' } as const

type Frame = { start: number; end: number; room: number }

/** One span to scale; at least one sign of it, and each phase where it was. */
const draw = (span: Placed, { start, end, room }: Frame, paint: Paint): string => {
  const at = (ms: number) => Math.round(((ms - start) / Math.max(end - start, 0.001)) * room)
  const from = Math.min(at(span.start), room - 1)
  const to = Math.max(from + 1, Math.min(at(span.end), room))
  const signOf = (place: number): string => {
    if (span.kind === 'server') return '█'
    const ms = start + ((place + 0.5) / room) * (end - start) - span.start
    let until = 0
    for (const phase of Object.keys(signs) as (keyof typeof signs)[]) {
      until += Number(span.attributes[`hop.time.${phase}_ms`] ?? 0)
      if (ms < until) return signs[phase]
    }
    return signs.body
  }
  const drawn = Array.from({ length: to - from }, (_, i) => signOf(from + i)).join('')
  return `${' '.repeat(from)}${span.error ? paint.bad(drawn) : span.kind === 'server' ? drawn : paint.dim(drawn)}`
}

const scale = (ms: number, room: number): string => `0${pad(`${millis(ms)} ms`, room - 1, true)}`

const factsOf = ({ attributes, error }: Placed): [string, string] => {
  const version = attributes['tls.protocol.version']
  const carried = [attributes['hop.transport'], version].filter(part => part !== undefined).join(' ')
  return [
    shown(carried || 'nothing', 14),
    shown(String(attributes['http.response.status_code'] ?? error ?? 'none'), 20),
  ]
}

const millis = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0))

const passedOn = ({ splice }: Trace, columns: number): string[] => {
  const { workload = '', link, bytesIn, bytesOut, knownBy } = splice ?? {}
  const bytes = bytesIn === undefined ? 'it is still open' : `${bytesIn} bytes in, ${bytesOut} out`
  return wrap(
    `${workload} has no span: it passed the client’s TLS on unopened${link ? ` (${linkTitle(link)})` : ''} and saw bytes only (${bytes}). That it was this connection is known by ${knownBy === 'address' ? 'its address and port' : 'its time only'}.`,
    columns,
  )
}

/** Every attribute, for who wants to know what an exporter sends. */
const attributesOf =
  ({ paint, columns }: Look) =>
  (span: Placed): string[] => [
    paint.strong(shown(titleOf(span), columns)),
    ...Object.entries(span.attributes).map(
      ([name, value]) => `    ${pad(name, 30)}${shown(String(value), columns - 34)}`,
    ),
  ]
