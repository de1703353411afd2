import * as v from 'valibot'
import { HopError } from '../../../pki/error.ts'

/** A host name or address as it may stand in a URL; what a workload registers and a route names. */
export const addressSchema = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]{1,253}$/, 'a host name or address')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
})

/** Text of bounded length. */
export const text = (longest: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(longest))

/** A whole number that is no secret overflow. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12))

/** An object by names. `v.record` alone takes a list for one, and passes over names that every object has. */
export const byName = <Name extends v.GenericSchema<string>, Value extends v.GenericSchema>(name: Name, value: Value) =>
  v.pipe(
    v.custom<Record<string, unknown>>(isObject, 'an object'),
    v.check(found => !unusable.some(word => Object.hasOwn(found, word)), usable),
    v.record(name, value),
  )

const isObject = (found: unknown) => typeof found === 'object' && found !== null && !Array.isArray(found)

const unusable = ['__proto__', 'prototype', 'constructor']
const usable = `names other than ${unusable.join(', ')}`

/** Checks a body or query against a schema. Throws `body-invalid`, naming the first field that is wrong and what was there. */
export const checked = <S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> => {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  throw new HopError('body-invalid', {
    field: v.getDotPath(issue) ?? 'body',
    expected: expectedBy(issue),
    found: foundBy(issue),
  })
}

/** What would have done, in words rather than in types. */
const expectedBy = ({ type, expected, message, received }: v.BaseIssue<unknown>): string => {
  const ownWords = message.startsWith('Invalid ') ? undefined : message
  if (expected === null || ['regex', 'custom', 'check'].includes(type)) return ownWords ?? expected ?? type
  if (type === 'integer') return 'a whole number'
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
