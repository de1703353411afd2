import { HopError } from '../../pki/error.ts'
import { nearest } from '../nearest.ts'

/** One thing wrong with a topology file: where in it, what belongs there, what stands there; the line, if already known. */
export type Problem = { path: readonly (string | number)[]; expected: string; found: string; line?: number }

/** Says on which line a path starts, if the file has it. */
export type LineOf = (path: readonly (string | number)[]) => number | undefined

/**
 * All problems of one file as one HopError, code `bad-topology`. With several, the message lists them
 * and `cause` is an AggregateError with a HopError for each.
 */
export const topologyError = (
  file: string,
  problems: readonly Problem[],
  lineOf: LineOf = () => undefined,
): HopError => {
  const all = problems.map(({ path, expected, found, line = lineOf(path) }) => {
    const place = [line ? `${file}:${line}` : file, written(path)].filter(Boolean).join(' ')
    return new HopError('bad-topology', { field: place, expected, found })
  })
  const errors = [...new Map(all.map(error => [error.message, error])).values()]
  if (errors.length === 1) return errors[0]!
  const list = errors.slice(0, listed).map(error => `\n  ${error.message}`)
  if (errors.length > listed) list.push(`\n  and ${errors.length - listed} more`)
  return new HopError('bad-topology', {
    message: `${file} has ${errors.length} problems:${list.join('')}`,
    cause: new AggregateError(errors),
  })
}

/** A found value as people should see it: short, quoted, nothing in it that a terminal would obey. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value === null) return 'an empty value'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value.toString().slice(0, longest))
  const plain = text.replace(
    /[^\x20-\x7e]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return typeof value === 'string' ? plain : plain.slice(1, -1)
}

/** `one of a, b, c`, and which of them the found word probably meant. */
export const oneOf = (candidates: readonly string[], found: unknown): string => {
  const meant = typeof found === 'string' ? nearest(found.slice(0, longest), candidates) : undefined
  const choice = candidates.length > 0 ? `one of ${candidates.join(', ')}` : 'none: there are none'
  return meant ? `${choice} (did you mean ${meant}?)` : choice
}

const listed = 20
const longest = 60

/** `links[2].to`; a key that is no plain name is quoted. */
const written = (path: readonly (string | number)[]): string =>
  path
    .map(part => {
      if (typeof part === 'number') return `[${part}]`
      return /^[\w-]{1,60}$/.test(part) ? `.${part}` : `[${shown(part)}]`
    })
    .join('')
    .replace(/^\./, '')
