import type { CellVerdict } from '../../scenarios/scenario.ts'
import type { Paint } from '../paint.ts'

const look: Record<CellVerdict, { text: string; paint: keyof Paint }> = {
  holds: { text: '✓ holds', paint: 'good' },
  broken: { text: '✗ broken', paint: 'bad' },
  'not-applicable': { text: '– n/a', paint: 'dim' },
  inconclusive: { text: '? unclear', paint: 'warn' },
}

/** A verdict as a sign and a word; `!` where it is not the expected one. */
export const verdictWord = (cell: { verdict: CellVerdict; asExpected: boolean }, paint: Paint): string => {
  const { text, paint: style } = look[cell.verdict]
  return cell.asExpected ? paint[style](text) : `${paint[style](text)} ${paint.warn('!')}`
}

/** 850 ms, 8.2 s. */
export const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** `1 cell`, `2 cells`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

/** Text from the lab as it may be shown: nothing that a terminal would obey, and not too much. */
export const shown = (text: string, most = 400): string => {
  const plain = text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '·')
  return plain.length > most ? `${plain.slice(0, most)}…` : plain
}

/** `spiffe://hop.lab/orders` is `orders` to people. */
export const workloadOf = (id: string): string => id.replace(/^spiffe:\/\/[^/]+\//, '')
