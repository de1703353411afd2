import { HopError } from '../pki/error.ts'
import { isMode, type Mode, modes } from '../services/modes.ts'
import { likely } from '../services/nearest.ts'

/**
 * The word itself if it is one of those that can be meant. Throws `<kind>-unknown` with the nearest and all that are
 * valid. `field`: what people know it by, such as the option it was given to.
 */
export const choose = <Word extends string>(kind: string, word: string, valid: readonly Word[], field = kind): Word => {
  const found = valid.find(candidate => candidate === word)
  if (found !== undefined) return found
  const meant = likely(word, valid)
  throw new HopError(`${kind}-unknown`, {
    field,
    expected: valid.length === 0 ? 'nothing: there are none' : `one of ${valid.join(', ')}`,
    found: JSON.stringify(word.slice(0, 100)),
    ...(meant === undefined ? {} : { remedy: `Did you mean ${meant}?` }),
  })
}

export const chooseMode = (word: string): Mode => (isMode(word) ? word : choose('mode', word, modes))

/** `all`, or one or more modes with commas between them. */
export const chooseModes = (word: string): Mode[] => {
  if (word === 'all') return modes
  return [...new Set(word.split(',').map(part => choose('mode', part.trim(), [...modes, 'all'] as const)))].flatMap(
    mode => (mode === 'all' ? modes : mode),
  )
}

/** Throws `usage`, which names what was given beside an option that says all by itself. */
export const givenAlone = (option: string, others: Record<string, unknown>): void => {
  const beside = Object.entries(others).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : [name],
  )
  if (beside.length === 0) return
  throw new HopError('usage', {
    field: option,
    expected: 'to be given alone',
    found: `${beside.join(' and ')} beside it`,
    remedy: `Leave out ${option}, or the rest`,
  })
}

/** A TCP port people may ask for. Throws `usage`. */
export const port = (option: string, word: string | undefined): number | undefined => {
  if (word === undefined) return undefined
  const number = /^\d{1,5}$/.test(word) ? Number(word) : 0
  if (number >= 1 && number <= 65_535) return number
  throw new HopError('usage', { field: option, expected: 'a port from 1 to 65535', found: JSON.stringify(word) })
}
