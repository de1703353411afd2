import * as v from 'valibot'
import { HopError } from '../../pki/error.ts'

/** A host name or address as it may stand in a URL; what a workload registers and a route names. */
export const addressSchema = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]{1,253}$/, 'a host name or address')),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
})

/** Text of bounded length. */
export const text = (longest: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(longest))

/** A whole number that is no secret overflow. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e12))

/** Checks a body or query against a schema. Throws `body-invalid`, naming the first field that is wrong and what was there. */
export const checked = <S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> => {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  throw new HopError('body-invalid', {
    field: v.getDotPath(issue) ?? 'body',
    expected: issue.expected ?? (issue.requirement === undefined ? issue.message : String(issue.requirement)),
    found: issue.received.slice(0, 100),
  })
}
