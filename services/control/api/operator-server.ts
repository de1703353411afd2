import type { Server } from 'node:http'
import helmet from '@fastify/helmet'
import fastify, { type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import type { Logger } from 'pino'
import { problemBytes } from '../../chassis/problem.ts'
import { guardOperator } from './operator-guard.ts'
import { answerProblems, problemOf, sendProblem } from './problem.ts'

export type OperatorServerOptions = {
  /** Taken from the Authorization header of every request; 256 random bits. */
  token: string
  log: Logger
  clock: () => number
  publishedPort?: number
  /** See {@link guardOperator}. */
  names?: readonly string[]
  /** Mounted behind the guard: the operator API, the wire's, the page. */
  plugins: FastifyPluginAsync[]
}

/** The operator's HTTP server, not yet listening. Whatever is mounted here is behind {@link guardOperator}. */
export const createOperatorServer = async (options: OperatorServerOptions): Promise<FastifyInstance<Server>> => {
  const { log, token, clock, publishedPort, names = [], plugins } = options
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    requestTimeout: 10_000,
    keepAliveTimeout: 10_000,
    http: { maxHeaderSize: 8192, headersTimeout: 5000, connectionsCheckingInterval: 1000 },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
    clientErrorHandler: (error, socket) => {
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
      if (socket.writable)
        socket.write(problemBytes({ status, name: 'request-malformed', detail: 'Not a request this server reads' }))
      socket.destroySoon()
    },
  }) as unknown as FastifyInstance<Server>
  app.server.maxConnections = 500
  answerProblems(app, log)
  app.removeContentTypeParser('text/plain')
  await app.register(helmet, { global: true, strictTransportSecurity: false })
  guardOperator(app, { token, clock, names, ...(publishedPort === undefined ? {} : { publishedPort }) })
  for (const plugin of plugins) await app.register(plugin)
  return app
}
