import { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'
import type { Request, Response } from './program.ts'

/** Starts an answer from raw pairs, over whichever version the client speaks. */
export const sendHead = (response: Response, status: number, pairs: string[]): void => {
  if (response instanceof ServerResponse) response.writeHead(status, pairs)
  else response.writeHead(status, fieldsOf(pairs))
}

/**
 * Ends an answer whose first chunk is its whole body. As text a small one leaves in one write with its headers, which over
 * TLS is one record; as bytes it would need two.
 */
export const endWhole = (response: Response, body: Buffer): void => {
  if (response instanceof ServerResponse && body.length <= oneWrite) response.end(body.toString('latin1'), 'latin1')
  else response.end(body)
}

const oneWrite = 16_384

/** Sends headers that no body has carried along; HTTP/2 has sent them already. */
export const flush = (response: Response): void => {
  if (response instanceof ServerResponse) response.flushHeaders()
}

/** Ends an answer that has begun and cannot be finished, so that the client sees that it is not whole. */
export const breakOff = (response: Response): void => {
  if (response instanceof ServerResponse) response.destroy()
  else response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
}

/** 103 Early Hints go on to clients that may get them (RFC 8297 §2, RFC 9110 §15.2). */
export const sendEarlyHints = (request: Request, response: Response, link: unknown): void => {
  if (link === undefined || request.httpVersion === '1.0' || response.headersSent) return
  try {
    ;(response as Http2ServerResponse).writeEarlyHints({ link: link as string })
  } catch {
    // Node takes no link that it cannot parse; a hint that is lost harms nobody
  }
}

// one field per name: Node's HTTP/2 layer keeps only the last of repeated pairs
const fieldsOf = (pairs: string[]): Record<string, string | string[]> => {
  const fields: Record<string, string | string[]> = Object.create(null)
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!.toLowerCase()
    const before = fields[name]
    fields[name] =
      before === undefined ? pairs[i + 1]! : [...(Array.isArray(before) ? before : [before]), pairs[i + 1]!]
  }
  return fields
}
