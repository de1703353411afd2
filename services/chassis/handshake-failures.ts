import type { FailureName } from './failures.ts'

/** What says nothing about a handshake: nobody was there, somebody went away, or the trouble came later. */
const elsewhere: readonly FailureName[] = [
  'connect-timeout',
  'connection-refused',
  'host-unreachable',
  'connection-closed',
  'headers-timeout',
  'body-timeout',
  'bad-response',
  'no-upstream',
  'client-gone',
]

/** Did a connection that failed so fail in its handshake, by what this end saw? */
export const isHandshakeFailure = (name: string): boolean => !elsewhere.includes(name as FailureName)
