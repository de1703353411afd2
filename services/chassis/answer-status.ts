import { errors } from 'undici'
import { type Failure, type FailureName, failureNamed, failureOf } from './failures.ts'

const tooLong = { status: 504, detail: 'the upstream did not answer in time' }
const nobody = { status: 503, detail: 'there is no upstream for this request at the moment' }
const failed = { status: 502, detail: 'the upstream could not be reached, was refused, or did not answer properly' }

const others: Partial<Record<FailureName, typeof failed>> = {
  'connect-timeout': tooLong,
  'handshake-timeout': tooLong,
  'headers-timeout': tooLong,
  'body-timeout': tooLong,
  'no-upstream': nobody,
}

/** What a client is told of a failure on the way to the upstream (RFC 9110 §15.6.3 to §15.6.5): its kind, nothing of the inside. */
export const statusOf = (name: FailureName): { status: number; detail: string } => others[name] ?? failed

/** Names what went wrong on the way to the upstream. undici 8's parser errors come without a code, its assertions about statuses too. */
export const forwardFailure = (error: unknown): Failure => {
  const { code } = error as NodeJS.ErrnoException
  const unparsed = error instanceof errors.HTTPParserError && code === undefined
  return unparsed || code === 'ERR_ASSERTION' ? failureNamed('bad-response') : failureOf(error)
}
