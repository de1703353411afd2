import { HopError } from '../pki/error.ts'

/**
 * Asks the lab; a field it refuses is named as whoever typed it knows it. `names`: by the first part of a field, so that
 * with `{value: 'l7'}` the field `value.edge.waf` is `l7.edge.waf`.
 */
export const inOwnWords = async <Answer>(names: Record<string, string>, asked: Promise<Answer>): Promise<Answer> => {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof HopError) || error.field === undefined) throw error
    const { code, field, expected, found, remedy } = error
    const [first = '', ...rest] = field.split('.')
    if (!Object.hasOwn(names, first)) throw error
    const name = names[first]
    throw new HopError(code, {
      field: [name, ...rest].join('.'),
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    })
  }
}
