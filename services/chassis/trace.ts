import { randomFillSync } from 'node:crypto'

/** W3C Trace Context, level 1: what a `traceparent` header says. */
export type TraceParent = { traceId: string; parentSpanId: string; flags: string }

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Reads a traceparent; anything malformed or all-zero is treated as absent, as the specification asks. */
export const readTraceParent = (header: string | undefined): TraceParent | undefined => {
  const match = header === undefined ? null : shape.exec(header)
  if (!match) return undefined
  const [, traceId, parentSpanId, flags] = match as unknown as [string, string, string, string]
  if (/^0+$/.test(traceId) || /^0+$/.test(parentSpanId)) return undefined
  return { traceId, parentSpanId, flags }
}

// Random bytes are drawn in blocks: one call per id costs more than the rest of the id.
const block = Buffer.allocUnsafe(4096)
let used = block.length

const randomHex = (bytes: number): string => {
  if (used + bytes > block.length) {
    randomFillSync(block)
    used = 0
  }
  used += bytes
  return block.toString('hex', used - bytes, used)
}

export const newTraceId = (): string => randomHex(16)
export const newSpanId = (): string => randomHex(8)
const newRequestId = (): string => randomHex(12)

const requestIdShape = /^[A-Za-z0-9._-]{8,64}$/

/** A request id from a caller is kept when it is harmless to log; otherwise a new one is made. */
export const requestIdFrom = (header: string | undefined): string =>
  header !== undefined && requestIdShape.test(header) ? header : newRequestId()
