import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Connection } from '../../../services/chassis/connections.ts'
import { createForward, type ForwardOptions } from '../../../services/chassis/forward.ts'
import { createHttpAcceptor, type HttpAcceptor } from '../../../services/chassis/http.ts'
import { HttpPool, type HttpPoolOptions } from '../../../services/chassis/http-client.ts'
import type { HttpLimits } from '../../../services/chassis/http-connection.ts'
import type { Request, RequestContext, Response, Upstream } from '../../../services/chassis/program.ts'
import { createTelemetry, type Telemetry } from '../../../services/chassis/telemetry.ts'
import { upstreamLimits } from '../../../services/chassis/upstream.ts'

/** A server on a free loopback port, as tests use them. */
export type Started = { port: number; close(): Promise<void> }

/** Starts a raw TCP server that keeps track of its sockets. */
export const startTcp = async (onSocket: (socket: Socket) => void): Promise<Started> => {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export const connectionFor = (socket: Socket): Connection => ({
  id: 'c0',
  socket,
  transport: 'plaintext',
  peer: { kind: 'anonymous', because: 'plaintext' },
  generation: 0,
  publicName: undefined,
  carried: 0,
  remoteAddress: '127.0.0.1',
})

export const contextFor = (changes: Partial<RequestContext> = {}): RequestContext => ({
  requestId: 'request-0001',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: undefined,
  traceFlags: '01',
  forwardedFor: ['127.0.0.1'],
  caller: undefined,
  callerBy: 'nobody',
  clientAddress: '127.0.0.1',
  encrypted: false,
  ingress: true,
  calls: [],
  ...changes,
})

export const upstreamTo = (port: number, changes: Partial<Upstream> = {}, options: Partial<HttpPoolOptions> = {}) => {
  const pool = new HttpPool({
    address: { host: '127.0.0.1', port },
    secure: false,
    connect: buildConnector({ allowH2: false }),
    ...upstreamLimits,
    ...options,
  })
  const upstream: Upstream = {
    spec: () => ({
      link: 'edge:backend',
      callee: 'backend',
      transport: 'plaintext',
      address: { host: '127.0.0.1', port },
      id: 'spiffe://hop.lab/backend',
      verify: true,
    }),
    dispatcher: () => pool,
    callerHeaders: () => [],
    call: () => Promise.reject(new Error('not used here')),
    ...changes,
  }
  return { upstream, pool }
}

export type Hop = Started & {
  acceptor: HttpAcceptor
  telemetry: Telemetry
  contexts: RequestContext[]
  /** Server side sockets in the order of their arrival. */
  sockets: Socket[]
}

export type HopOptions = {
  backend: number
  limits?: Partial<HttpLimits>
  forward?: Partial<ForwardOptions>
  context?: Partial<RequestContext>
  upstream?: Partial<Upstream>
  pool?: Partial<HttpPoolOptions>
  onRequest?: (request: Request, response: Response) => void
}

/** Acceptor and forward in front of a backend, the way a listener would feed them. */
export const startHop = async (options: HopOptions): Promise<Hop> => {
  const { upstream, pool } = upstreamTo(options.backend, options.upstream, options.pool)
  const forward = createForward({ via: 'hop', ...options.forward })
  const telemetry = createTelemetry('hop')
  const contexts: RequestContext[] = []
  const sockets: Socket[] = []
  const acceptor = createHttpAcceptor({
    telemetry,
    ...(options.limits ? { limits: options.limits } : {}),
    onRequest:
      options.onRequest ??
      ((request, response) => {
        const context = contextFor(options.context)
        contexts.push(context)
        forward(request, response, context, upstream)
      }),
  })
  const listener = await startTcp(socket => {
    sockets.push(socket)
    acceptor.accept(socket, connectionFor(socket))
  })
  return {
    port: listener.port,
    acceptor,
    telemetry,
    contexts,
    sockets,
    async close() {
      await acceptor.close()
      await listener.close()
      await pool.destroy()
    },
  }
}

/** Sends bytes as they are and reads until the other end closes, or `enough` says so. */
export const exchange = async (
  port: number,
  bytes: string | Buffer,
  enough: (text: string) => boolean = () => false,
): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  const done = new Promise<string>(resolve => {
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      if (enough(text)) resolve(text)
    })
    socket.on('close', () => resolve(text))
  })
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  const answer = await done
  socket.destroy()
  return answer
}

/** Status codes of all responses in a byte stream, in order. */
export const statuses = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code))
