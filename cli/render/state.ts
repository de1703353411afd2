import type { findLab } from '../../lab/state-file.ts'
import type { ControlState } from '../../services/control/glance.ts'
import type { AuditEntry } from '../../services/control/state/audit.ts'
import { type Mode, modes, modeTable } from '../../services/modes.ts'
import { linkTitle } from '../../services/topology/topology.ts'
import type { Paint } from '../paint.ts'
import { breakGlassLines } from './break-glass.ts'
import { rotationLines } from './rotation.ts'
import { switchedLines } from './switches.ts'
import { pad, table, wrap } from './table.ts'
import { shown, workloadOf } from './words.ts'

type Look = { paint: Paint; columns: number }

/** What the lab is told to be, and who did as told. */
export const renderState = (
  state: ControlState,
  file: ReturnType<typeof findLab>,
  { paint, columns }: Look,
): string => {
  const options = { width: columns, dim: paint.dim }
  const where = (address: { host: string; port: number } | null) => (address ? `${address.host}:${address.port}` : '–')
  const workloads = state.workloads.map(({ name, id, address, version, acked, connected, error }) => [
    name,
    id,
    where(address),
    connected ? paint.good('connected') : paint.bad('not connected'),
    error ? paint.bad(shown(error)) : acked === version ? `did version ${version}` : `at ${acked} of ${version}`,
  ])
  const hops = state.hops.map(({ link, transport, spliced, address, callees, verify }) => [
    linkTitle(link),
    spliced ? `${transport}, spliced` : transport,
    where(callees),
    where(address),
    verify ? 'yes' : paint.bad('no'),
  ])
  return [
    `${paint.strong(state.topology)} in ${paint.strong(state.mode)}, ${file.pid === null ? 'machines of their own' : `process ${file.pid} since ${file.startedAt}`}`,
    rolloutLine(state),
    ...rotationLines(state.rotation),
    ...breakGlassLines(state.breakGlass, { paint }),
    ...switchedLines(state.switched, { paint }),
    `certificates live ${livesOf(state.lifetimes)}`,
    `edge ${where(file.access.edge)} · operator API ${file.access.operator} · wire ${file.access.wire ?? 'off'}`,
    '',
    table(
      ['workload', 'identity', 'listens on', 'control plane', { title: 'state', wrap: true }].map(column),
      workloads,
      options,
    ),
    '',
    table(['hop', 'transport', 'callee', 'caller dials', 'verified'].map(column), hops, options),
  ].join('\n')
}

/** `10 s`, `5 min`, `1 h`: whole seconds, in the largest unit that fits. */
const lasting = (ms: number): string => {
  const s = Math.round(ms / 1000)
  return s % 3600 === 0 ? `${s / 3600} h` : s % 60 === 0 ? `${s / 60} min` : `${s} s`
}

const livesOf = ({ workloadMs, publicMs }: ControlState['lifetimes']): string =>
  workloadMs === publicMs ? lasting(workloadMs) : `${lasting(workloadMs)}, public ones ${lasting(publicMs)}`

/** The present mode among all there are. */
export const renderModes = (state: ControlState, { paint, columns }: Look): string => {
  const width = Math.max(...modes.map(({ length }) => length)) + 2
  const lines = (mode: Mode) =>
    wrap(modeTable[mode].summary, columns - width - 2).map((summary, i) => {
      const words = `${pad(i === 0 ? mode : '', width)}${summary}`
      return mode === state.mode ? paint.strong(`${i === 0 ? '*' : ' '} ${words}`) : `  ${words}`
    })
  return [...modes.flatMap(lines), '', rolloutLine(state)].join('\n')
}

/** Who did what, oldest first. */
export const renderAudit = (entries: readonly AuditEntry[], { paint, columns }: Look): string => {
  if (entries.length === 0) return 'Nothing was recorded.'
  const rows = entries.map(({ id, at, who, action, target, result, detail }) => [
    String(id),
    new Date(at).toISOString().slice(11, 23),
    workloadOf(who),
    action,
    shown(target, 40),
    result === 'ok' ? paint.good(result) : result === 'begun' ? paint.dim(result) : paint.bad(result),
    shown(detailOf(detail), 120),
  ])
  const titles = ['#', 'time', 'who', 'action', 'target', 'result', { title: 'detail', wrap: true }]
  return table(titles.map(column), rows, { width: columns, dim: paint.dim })
}

/** `from=mtls, stopAt=widen`; of what is nested only how much it is. */
const detailOf = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => (typeof value === 'object' && value !== null ? name : `${name}=${value}`))
    .join(', ')

const rolloutLine = ({ rollout, settled }: ControlState): string => {
  if (!rollout) return settled ? 'settled: everybody did as told' : 'not settled yet'
  const { from, to, step, stopAt, reached, canary, guard } = rollout
  const into = canary ? `, only into ${canary.join(', ')},` : ''
  const where = !reached ? 'at' : stopAt === step ? 'holding after' : 'watching after'
  const on = `hop ${guard ? 'rollout' : 'mode'} ${to}`
  return `rollout from ${from} to ${to}${into || ':'} ${where} ${step} (${on} goes on, hop rollback goes back)`
}

const column = (title: string | { title: string; wrap: boolean }) => (typeof title === 'string' ? { title } : title)
