import type { errors } from 'undici'
import type { Exchange } from './exchange.ts'

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/**
 * One more try, where it cannot do anything twice (RFC 9110 §9.2.2, RFC 9112 §9.3.1): a pool that was swapped away
 * before it took the request; or a kept-alive connection that closed without a byte of answer to an idempotent
 * request without body. Never on timeouts, refused certificates or refused connections.
 */
export const mayRetry = ({ retried, answered, started, body, request }: Exchange, error: Error): boolean => {
  if (retried || answered) return false
  const { code } = error as NodeJS.ErrnoException
  if (!started && poolGone.has(code!)) return body === null || !(body.readableDidRead || body.destroyed)
  return body === null && idempotent.has(request.method!) && wasKeptAlive(error, code)
}

const poolGone = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED'])

// A socket that has delivered something before is a reused one. Resets carry no such record; they meet kept-alive connections most.
const wasKeptAlive = (error: Error, code: string | undefined): boolean =>
  code === 'UND_ERR_SOCKET'
    ? ((error as errors.SocketError).socket?.bytesRead ?? 0) > 0
    : code === 'ECONNRESET' || code === 'EPIPE'
