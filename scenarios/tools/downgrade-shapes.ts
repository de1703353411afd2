import type { H2Header } from './h2-frames.ts'

/** A request that is harmless in HTTP/2 and a different one, or two, for whoever writes it on as HTTP/1.1. */
export type DowngradeShape = {
  name: string
  headers(smuggled: string): H2Header[]
  body(smuggled: string): string
  /** nghttp2 drops a field it cannot take and goes on (RFC 9113 §8.2.1 would have it refuse): what counts is what arrives. */
  droppable?: true
}

const shape = (name: string, headers: DowngradeShape['headers'], droppable = false): DowngradeShape => ({
  name,
  headers,
  body: smuggled => `0\r\n\r\n${smuggled}`,
  ...(droppable ? { droppable } : {}),
})

/**
 * Shapes of HTTP/2 that smuggle when the next hop speaks HTTP/1.1; RFC 9113 §8.1.1, §8.2.1 and §8.2.2 have each refused.
 * The pseudo headers are the caller's to add; a `:path` here replaces his.
 */
export const downgradeShapes: readonly DowngradeShape[] = [
  shape('h2: a length of 0 before a body', () => [['content-length', '0']]),
  shape('h2: a length shorter than the body', () => [['content-length', '5']]),
  shape('h2: transfer-encoding', () => [['transfer-encoding', 'chunked']]),
  shape('h2: CR LF in a value', () => [['x-a', 'b\r\ntransfer-encoding: chunked']], true),
  shape('h2: CR LF in a name', () => [['x-a: b\r\ntransfer-encoding', 'chunked']], true),
  shape('h2: a request in the path', smuggled => [[':path', `/ HTTP/1.1\r\nhost: x\r\n\r\n${smuggled}`]]),
  shape('h2: a connection header', () => [['connection', 'transfer-encoding']]),
]
