import { failureTable } from './failure-table.ts'

/** A failure under the name it has everywhere. `code` is what was matched; messages never are (they carry thread ids). */
export type Failure = { name: FailureName; code: string; cause: string; remedy: string }

export type FailureName = keyof typeof failureTable

const byCode = new Map<string, FailureName>(
  Object.entries(failureTable).flatMap(([name, { codes }]) => codes.map(code => [code, name as FailureName] as const)),
)

/**
 * Names an error by the first known code along its chain of causes. A code we do not know is
 * `connection-closed` with the code kept, so that it shows up rather than being guessed at.
 */
export const failureOf = (error: unknown): Failure => {
  const codes = codesOf(error)
  const known = codes.find(code => byCode.has(code))
  return failureNamed(known ? byCode.get(known)! : 'connection-closed', known ?? codes[0] ?? 'UNKNOWN')
}

/** A failure by its name, for those the project itself decides (a wrong identity, a transport not accepted). */
export const failureNamed = (name: FailureName, code: string = name): Failure => ({
  name,
  code,
  cause: failureTable[name].cause,
  remedy: failureTable[name].remedy,
})

/** Every name, in the order of the table. */
export const failureNames = Object.keys(failureTable) as FailureName[]

const codesOf = (error: unknown): string[] => {
  const codes: string[] = []
  let at: unknown = error
  for (let depth = 0; depth < 5 && at && typeof at === 'object'; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown }
    if (typeof code === 'string') codes.push(code)
    at = cause
  }
  // the innermost code is the cause; the outer ones only say that something failed
  return codes.reverse()
}
