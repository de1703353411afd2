import { Exchange, type HopSettings } from './exchange.ts'
import type { Request, RequestContext, Response, Upstream } from './program.ts'

export type ForwardOptions = {
  /** This hop's pseudonym in Via (RFC 9110 §7.6.3). */
  via: string
  /** Ms until the answer's headers, and between parts of its body. The upstream's own limits where absent. */
  timeouts?: { headersMs?: number; bodyMs?: number }
  /** Raw pairs to set on every answer (HSTS at an edge). */
  answerHeaders?: readonly string[]
}

/** Hands a request on to an upstream and its answer back. Never throws; every failure becomes a response. */
export type Forward = (request: Request, response: Response, context: RequestContext, upstream: Upstream) => void

/**
 * A reverse proxy's hop (RFC 9110 §3.7, §7.6): bodies stream both ways with backpressure, an abort on one side ends the
 * other, hop-by-hop headers stay here. 502 the upstream failed, 503 there is none now, 504 it took too long.
 */
export const createForward = ({ via, timeouts, answerHeaders = [] }: ForwardOptions): Forward => {
  const settings: HopSettings = { via, headersMs: timeouts?.headersMs, bodyMs: timeouts?.bodyMs, answerHeaders }
  return (request, response, context, upstream) => {
    context.upstream = upstream.spec().link
    new Exchange(request, response, context, upstream, settings).start()
  }
}
