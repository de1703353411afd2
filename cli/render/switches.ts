import type { Switches } from '../../services/control/rollout/switches.ts'
import type { Paint } from '../paint.ts'
import { table } from './table.ts'
import { shown } from './words.ts'

type Switch = { name: string; value: unknown; default: boolean; before?: unknown }

/** Every switch as it stands. */
export const renderSwitches = (all: readonly Switch[], { paint, columns }: { paint: Paint; columns: number }): string =>
  table(
    [{ title: 'switch' }, { title: 'is' }, { title: 'value', wrap: true }],
    all.map(({ name, value, default: usual, before }) => [
      paint.strong(name),
      usual ? 'default' : paint.warn('switched'),
      shown(`${wordFor(value)}${before === undefined ? '' : `, was ${wordFor(before)}`}`),
    ]),
    { width: columns, dim: paint.dim },
  )

/** A line for each switch that is not at its default: a lab that was left open shows. */
export const switchedLines = (switched: Partial<Switches>, { paint }: { paint: Paint }): string[] =>
  Object.entries(switched).map(
    ([name, value]) =>
      `${paint.warn('!')} switched ${name}: ${shown(wordFor(value))} (hop switch ${name} default sets it back)`,
  )

/** As it may be typed: the policy's kind rather than its JSON. */
const wordFor = (value: unknown): string => {
  if (typeof value === 'string') return value
  const { kind, names } = value as { kind?: string; names?: string[] }
  if (kind !== undefined) return names ? `${kind}:${names.join(',')}` : kind
  return JSON.stringify(value)
}
