import type { Readable } from 'node:stream'
import { ConnectionLost } from './http-client-connection.ts'
import type { Request } from './program.ts'

/** What has become of one try so far. */
type Attempt = { retried: boolean; answered: boolean; started: boolean; body: Readable | null; request: Request }

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * One more try, where it cannot do anything twice (RFC 9110 §9.2.2, RFC 9112 §9.3.1): a pool that was swapped away
 * before it took the request; or a kept-alive connection that closed without a byte of answer to an idempotent
 * request without body. Never on timeouts, refused certificates or refused connections.
 */
export const mayRetry = ({ retried, answered, started, body, request }: Attempt, error: Error): boolean => {
  if (retried || answered) return false
  const { code } = error as NodeJS.ErrnoException
  if (!started && poolGone.has(code!)) return body === null || !(body.readableDidRead || body.destroyed)
  return body === null && idempotent.has(request.method!) && wasKeptAlive(error)
}

const poolGone = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED'])

const wasKeptAlive = (error: Error): boolean => error instanceof ConnectionLost && error.reused
