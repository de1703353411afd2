/**
 * What every refusal in the project is: a code that programs match, and for people the field,
 * what was expected there, what was found, and what to do next. `cause` keeps the original error.
 */
export class HopError extends Error {
  readonly code: string
  readonly field: string | undefined
  readonly expected: string | undefined
  readonly found: string | undefined
  readonly remedy: string | undefined

  constructor(code: string, what: HopErrorDetails) {
    super(describe(what), { cause: what.cause })
    this.name = 'HopError'
    this.code = code
    this.field = what.field
    this.expected = what.expected
    this.found = what.found
    this.remedy = what.remedy
  }
}

/** The parts of a {@link HopError}; `message` alone will do where there is no field to name. */
export type HopErrorDetails = {
  message?: string
  field?: string
  expected?: string
  found?: string
  remedy?: string
  cause?: unknown
}

const describe = ({ message, field, expected, found, remedy }: HopErrorDetails): string => {
  const parts: string[] = []
  if (message) parts.push(message)
  if (field) parts.push(`${field}: expected ${expected ?? 'something else'}, found ${found ?? 'nothing'}`)
  if (remedy) parts.push(remedy)
  return parts.join('. ')
}
