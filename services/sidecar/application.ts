import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { bind } from '../chassis/bind.ts'
import { guarded } from '../chassis/guarded.ts'
import { closeLingering } from '../chassis/linger.ts'
import type { Program, Request, RequestContext, Response, Site } from '../chassis/program.ts'
import type { Telemetry } from '../chassis/telemetry.ts'
import type { Address } from '../chassis/transport.ts'
import { type Pass, refuseStranger } from './pass.ts'
import { statedContext } from './stated-context.ts'

export type ApplicationOptions = {
  program: Program
  site: Site
  pass: Pass
  telemetry: Telemetry
  /** Default: a free port on 127.0.0.1. */
  at?: Address
}

export type Application = { address: Address; close(): Promise<void> }

/**
 * An application as it was before anybody thought of encryption: a plain HTTP server on its own loopback, without
 * identity, policy or control plane. Everything else is its sidecar's work.
 */
export const startApplication = async (options: ApplicationOptions): Promise<Application> => {
  const { program, site, pass, telemetry, at } = options
  const { handler, close } = await program(site)
  const handle = guarded(handler, telemetry)
  const server = createServer((request, response) => {
    if (!pass.admits(request)) return refuseStranger(response)
    const context = statedContext(request.headers)
    record(telemetry, request, response, context)
    handle(request, response, context)
  })
  server.on('connection', lingering)
  const address = await bind(server, at?.host ?? '127.0.0.1', at?.port ?? 0)
  return {
    address,
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
      await close()
    },
  }
}

const lingerMs = 1_000

/**
 * Whoever answers before it has read the whole body, and closes, takes its own answer away from a peer that is still
 * sending (RFC 9112 §9.6). A sidecar has to deliver it, so the rest is read and thrown away for a while.
 */
const lingering = (socket: Socket): void => {
  socket.destroySoon = () => closeLingering(socket, lingerMs)
}

const record = (telemetry: Telemetry, request: Request, response: Response, context: RequestContext): void => {
  const started = performance.now()
  const { requestId, spanId } = context
  const { method = 'GET', url = '/', socket } = request
  const got = {
    ...{ at: new Date().toISOString(), requestId, spanId, method, path: url.split('?')[0]!.slice(0, 256) },
    ...{ encrypted: socket instanceof TLSSocket, remoteAddress: socket?.remoteAddress ?? 'unknown' },
  }
  response.on('close', () => {
    const status = response.headersSent ? response.statusCode : 0
    telemetry.application({ ...got, status, durationMs: performance.now() - started })
  })
}
