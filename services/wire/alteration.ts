import { HopError } from '../../pki/error.ts'
import type { Direction } from '../chassis/relay.ts'

/** Replaces bytes in flight by others of the same length, `times` times over the whole link (default: always). */
export type AlterRequest = { find: Buffer; replace: Buffer; direction: Direction; times?: number }

/** A rule at work: how often it has struck, and how often it still may. */
export type AlterRule = AlterRequest & { hits: number; left: number }

/** Applies rules to one direction of one connection. Holds back bytes that may be the beginning of a match. */
export type Alteration = {
  push(chunk: Buffer): Buffer
  /** What is held back, given up as it is. */
  flush(): Buffer
  holding(): boolean
}

/** Checks a request: both byte strings there, the same length, `times` a positive integer. */
export const createRule = (request: AlterRequest): AlterRule => {
  const { find, replace, times } = request
  if (find.length === 0) throw new HopError('bytes-empty', { field: 'find', expected: 'at least one byte' })
  if (find.length !== replace.length) {
    throw new HopError('lengths-differ', {
      field: 'replace',
      expected: `${find.length} bytes, as many as find`,
      found: `${replace.length} bytes`,
      remedy: 'a longer or shorter message would break its framing, which is not what this rule tries',
    })
  }
  if (times !== undefined && !(Number.isInteger(times) && times > 0)) {
    throw new HopError('times-invalid', { field: 'times', expected: 'a positive integer', found: String(times) })
  }
  return { ...request, hits: 0, left: times ?? Number.POSITIVE_INFINITY }
}

const nothing = Buffer.alloc(0)
type Stage = { rule: AlterRule; held: Buffer }

/** `rules` is asked at each chunk; a changed list (another array) takes over at once. */
export const createAlteration = (rules: () => readonly AlterRule[]): Alteration => {
  let current = rules()
  let stages: Stage[] = current.map(rule => ({ rule, held: nothing }))

  const run = (chunk: Buffer, last: boolean): Buffer =>
    stages.reduce((bytes, stage) => {
      const all = stage.held.length > 0 ? Buffer.concat([stage.held, bytes]) : bytes
      const { altered, after } = strike(all, stage.rule)
      const keep = last || stage.rule.left === 0 ? 0 : beginning(altered.subarray(after), stage.rule.find)
      stage.held = altered.subarray(altered.length - keep)
      return altered.subarray(0, altered.length - keep)
    }, chunk)

  return {
    push(chunk) {
      if (rules() === current) return stages.length === 0 ? chunk : run(chunk, false)
      const before = run(nothing, true)
      current = rules()
      stages = current.map(rule => ({ rule, held: nothing }))
      const altered = run(chunk, false)
      return before.length > 0 ? Buffer.concat([before, altered]) : altered
    },
    flush: () => run(nothing, true),
    holding: () => stages.some(stage => stage.held.length > 0),
  }
}

/** `after`: where the last replaced bytes end; nothing before it can begin another match. */
const strike = (bytes: Buffer, rule: AlterRule): { altered: Buffer; after: number } => {
  let altered = bytes
  let after = 0
  while (rule.left > 0) {
    const at = bytes.indexOf(rule.find, after)
    if (at < 0) break
    // The recorder keeps the chunk as it was sent: write into a copy.
    if (altered === bytes) altered = Buffer.from(bytes)
    rule.replace.copy(altered, at)
    after = at + rule.find.length
    rule.hits += 1
    rule.left -= 1
  }
  return { altered, after }
}

/** How many of the last bytes could be the beginning of `wanted`. */
const beginning = (bytes: Buffer, wanted: Buffer): number => {
  for (let length = Math.min(bytes.length, wanted.length - 1); length > 0; length -= 1) {
    if (bytes.compare(wanted, 0, length, bytes.length - length) === 0) return length
  }
  return 0
}
