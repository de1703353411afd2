import type { CellVerdict } from '../../scenarios/scenario.ts'
import type { Tally } from '../../scenarios/tally.ts'
import type { Paint } from '../paint.ts'

export { counted as count } from '../../scenarios/counted.ts'

/** How a verdict looks: a sign and a word. */
export const verdictLook: Record<CellVerdict, { text: string; paint: keyof Paint }> = {
  holds: { text: '✓ holds', paint: 'good' },
  broken: { text: '✗ broken', paint: 'bad' },
  'not-applicable': { text: '– n/a', paint: 'dim' },
  inconclusive: { text: '? unclear', paint: 'warn' },
}

/** A verdict as a sign and a word; `!` where it is not the expected one. */
export const verdictWord = (cell: { verdict: CellVerdict; asExpected: boolean }, paint: Paint): string => {
  const { text, paint: style } = verdictLook[cell.verdict]
  return cell.asExpected ? paint[style](text) : `${paint[style](text)} ${paint.warn('!')}`
}

/** The same for several cells together: `◐ 3/5 hold` where they differ. */
export const tallyWord = (of: Tally, paint: Paint): string => {
  if (of.verdict !== 'mixed') return verdictWord({ ...of, verdict: of.verdict }, paint)
  const text = paint.warn(mixed(of))
  return of.asExpected ? text : `${text} ${paint.warn('!')}`
}

/** `◐ 3/5 hold`; the word is left out where more would not fit beside the others. */
export const mixed = ({ holds, of, asExpected }: Omit<Tally, 'verdict'>): string => {
  const short = `◐ ${holds}/${of}`
  return asExpected && short.length <= 6 ? `${short} hold` : short
}

/** 850 ms, 8.2 s. */
export const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** Text from the lab as it may be shown: nothing that a terminal would obey, and not too much. */
export const shown = (text: string, most = 400): string => {
  const plain = harmless(text)
  return plain.length > most ? `${plain.slice(0, most)}…` : plain
}

/** Without what a terminal would obey, what turns the direction of a text, and what cannot be seen. */
export const harmless = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2800\ufff9-\ufffb\p{Default_Ignorable_Code_Point}]/gu, '·')

/** `2026-11-22 21:40:19 UTC`. */
export const moment = (iso: string): string => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')

/** `a`, `a and b`, `a, b and c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** One line about workloads that could not be asked; none where there are none. */
export const unheard = (away: readonly string[]): string[] =>
  away.length === 0 ? [] : [`! not asked, because not connected: ${listed(away)} (hop doctor says why)`]

/** `spiffe://hop.lab/orders` is `orders` to people. */
export const workloadOf = (id: string): string => id.replace(/^spiffe:\/\/[^/]+\//, '')
