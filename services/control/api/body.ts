import * as v from 'valibot'
import { HopError } from '../../../pki/error.ts'
import { likely } from '../../nearest.ts'

/** A host name or address as it may stand in a URL; what a workload registers and a route names. */
export const addressSchema = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]{1,253}$/, 'a host name or address')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
})

/** Text of bounded length. */
export const text = (longest: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(longest))

/** Words for people, of bounded length: nothing that a terminal would obey or that turns the direction of a text. */
export const words = (longest: number) =>
  v.pipe(
    text(longest),
    v.regex(/\S/, 'words'),
    v.regex(/^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u, 'words without control characters'),
  )

/** A whole number that is no secret overflow. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12))

/** An object by names. `v.record` alone takes a list for one, and passes over names that every object has. */
export const byName = <Name extends v.GenericSchema<string>, Value extends v.GenericSchema>(name: Name, value: Value) =>
  v.pipe(
    v.custom<Record<string, unknown>>(isObject, 'an object'),
    v.check(found => !unusable.some(word => Object.hasOwn(found, word)), usable),
    v.record(name, value),
  )

/** A strict object that is no list; where every field is optional, `v.strictObject` takes one for it. */
export const object = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.custom<v.InferInput<v.StrictObjectSchema<Entries, undefined>>>(isObject, 'an object'),
    v.strictObject(entries),
  )

const isObject = (found: unknown) => typeof found === 'object' && found !== null && !Array.isArray(found)

const unusable = ['__proto__', 'prototype', 'constructor']
const usable = `names other than ${unusable.join(', ')}`

/** Checks a body or query against a schema. Throws `body-invalid`, naming the first field that is wrong and what was there. */
export const checked = <S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> => {
  if (Array.isArray(value)) throw new HopError('body-invalid', { field: 'body', expected: 'an object', found: 'Array' })
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  const remedy = remedyFor(issue)
  throw new HopError('body-invalid', {
    field: v.getDotPath(issue) ?? 'body',
    expected: expectedBy(issue),
    found: foundBy(issue),
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** For routes that take nothing: whoever sends something means something. An empty object will do. Throws `body-invalid`. */
export const checkedEmpty = (value: unknown): void => void checked(v.strictObject({}), value === undefined ? {} : value)

/** The word that was meant, where it is one of a few. */
const remedyFor = ({ input, expected }: v.BaseIssue<unknown>): string | undefined => {
  if (typeof input !== 'string' || !expected?.includes(' | ')) return undefined
  const meant = likely(
    input,
    [...expected.matchAll(/"([^"]*)"/g)].map(([, word = '']) => word),
  )
  return meant === undefined ? undefined : `Did you mean ${meant}?`
}

/** What would have done, in words rather than in types. */
const expectedBy = ({ type, expected, message, received }: v.BaseIssue<unknown>): string => {
  if (type === 'integer') return 'a whole number'
  const ownWords = message.startsWith('Invalid ') ? undefined : message
  if (expected === null || ['regex', 'custom', 'check'].includes(type)) return ownWords ?? expected ?? type
  if (expected === 'never') return 'no such field'
  if (expected === 'Object') return 'an object'
  if (type === 'strict_object' && received === 'undefined') return 'a value'
  const words = expected.replaceAll(/^[!(]*|\)$/g, '').replaceAll(' | ', ', ')
  if (expected.startsWith('!')) return `anything but ${words}`
  if (expected.includes(' | ')) return `one of ${words}`
  const [, bound, number] = /^([<>])=(.+)$/.exec(expected) ?? []
  if (number === undefined) return expected
  return `${bound === '<' ? 'at most' : 'at least'} ${number}${type.endsWith('_length') ? ' in length' : ''}`
}

/** What was there, on one line. */
const foundBy = ({ type, input, received }: v.BaseIssue<unknown>): string => {
  if (input === undefined) return 'nothing'
  return typeof input === 'string' && !type.endsWith('_length')
    ? JSON.stringify(input.slice(0, 100))
    : received.slice(0, 100)
}
