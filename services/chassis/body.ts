import * as v from 'valibot'
import { HopError } from '../../pki/error.ts'

/**
 * The body of a request, a JSON object, by its schema, whose messages say what is expected. Throws a HopError `bad-request` that names the
 * first wrong field with both values; of the fields in `hidden` only the length is told.
 */
export const readBody = <Schema extends v.GenericSchema>(
  schema: Schema,
  body: unknown,
  hidden: readonly string[] = [],
): v.InferOutput<Schema> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HopError('bad-request', { field: 'body', expected: 'a JSON object', found: found(body, false) })
  }
  const result = v.safeParse(schema, body, { abortEarly: true })
  if (result.success) return result.output
  const { path, message, input } = result.issues[0]
  const field = path?.map(({ key }) => String(key)).join('.') ?? 'body'
  throw new HopError('bad-request', { field, expected: message, found: found(input, hidden.includes(field)) })
}

const found = (value: unknown, hide: boolean): string => {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string' && (hide || value.length > 40)) return `${value.length} characters`
  if (hide) return `a ${typeof value}`
  if (Array.isArray(value)) return 'a list'
  return value !== null && typeof value === 'object' ? 'an object' : JSON.stringify(value)
}
