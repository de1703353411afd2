import { HopError } from '../pki/error.ts'

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `30s` in ms. Undefined where it is no such time. */
export const readDuration = (word: string): number | undefined => {
  const [, number = '', unit = ''] = /^(\d{1,6})(ms|[smh])$/.exec(word) ?? []
  return number === '' ? undefined : Number(number) * units[unit]!
}

/** `10m` ago, in ms since the epoch, or `all`. Throws `usage`. */
export const readSince = (word: string): number | 'all' => {
  if (word === 'all') return 'all'
  const ms = readDuration(word)
  if (ms !== undefined) return Date.now() - ms
  throw new HopError('usage', {
    field: '--since',
    expected: 'all, or a time such as 30s, 10m or 2h',
    found: JSON.stringify(word.slice(0, 100)),
  })
}

/** How long a lab's certificates are to live, in ms: whole seconds, 5 s to 24 h. Throws `usage`. */
export const readLifetime = (word: string | undefined): number | undefined => {
  if (word === undefined) return undefined
  const ms = readDuration(word)
  if (ms !== undefined && ms >= 5_000 && ms <= 24 * 3_600_000 && ms % 1_000 === 0) return ms
  throw new HopError('usage', {
    field: '--lifetime',
    expected: 'a time from 5s to 24h, such as 10s, 5m or 1h',
    found: JSON.stringify(word.slice(0, 100)),
  })
}
