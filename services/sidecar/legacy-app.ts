import { createServer } from 'node:http'
import type { Program, RequestContext, Site } from '../chassis/program.ts'
import { newSpanId, newTraceId, readTraceParent, requestIdFrom } from '../chassis/trace.ts'
import type { Address } from '../chassis/transport.ts'

export type LegacyApp = { address: Address; close(): Promise<void> }

/**
 * A legacy application as it was before anybody thought of encryption: a plain HTTP server on its own loopback,
 * without identity, policy or control plane. Everything else is its sidecar's work.
 */
export const startLegacyApp = async (program: Program, site: Site, port = 0): Promise<LegacyApp> => {
  const { handler, close } = await program(site)
  const server = createServer((request, response) => handler(request, response, contextOf(request.headers)))
  const host = '127.0.0.1'
  const bound = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve((server.address() as { port: number }).port))
  })
  return {
    address: { host, port: bound },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
      await close()
    },
  }
}

const contextOf = (headers: Record<string, string | string[] | undefined>): RequestContext => {
  const text = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
  const trace = readTraceParent(text('traceparent'))
  const forwardedFor =
    text('x-forwarded-for')
      ?.split(',')
      .map(part => part.trim()) ?? []
  return {
    requestId: requestIdFrom(text('x-request-id')),
    traceId: trace?.traceId ?? newTraceId(),
    spanId: newSpanId(),
    parentSpanId: trace?.parentSpanId,
    traceFlags: trace?.flags ?? '01',
    forwardedFor,
    clientAddress: forwardedFor[0] ?? 'unknown',
    caller: undefined,
    callerBy: 'nobody',
    encrypted: false,
    ingress: false,
  }
}
