import { STATUS_CODES } from 'node:http'
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { HopError } from '../../pki/error.ts'
import type { Handler, RequestContext, Site } from './program.ts'

/** Gives the context that the chassis made for a request, by the fastify request. */
export type ContextOf = (request: FastifyRequest) => RequestContext

/** A refusal in the words of RFC 9457; further members (`field`, `upstream`, …) stand beside the standard ones. */
export type Refusal = { status: number; name: string; detail: string; [member: string]: unknown }

const bodyLimit = 64 * 1024

/**
 * A fastify app without a listener of its own: the chassis hands it requests. Everything that goes wrong in it,
 * thrown or found by fastify, is answered as problem+json. Bodies are JSON of at most 64 KB.
 */
export const createService = async (
  site: Pick<Site, 'log'>,
  register: (app: FastifyInstance, contextOf: ContextOf) => void,
): Promise<{ handler: Handler; close(): Promise<void> }> => {
  const contexts = new WeakMap<object, RequestContext>()
  const contextOf: ContextOf = request => contexts.get(request.raw)!
  const onError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const answer = refusalOf(error)
    if (answer.status >= 500) site.log.error({ err: error, requestId: contextOf(request)?.requestId }, 'handler failed')
    return refuse(reply, answer)
  }
  const app = fastify({ logger: false, bodyLimit, exposeHeadRoutes: true, frameworkErrors: onError })
  app.setErrorHandler(onError)
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, { status: 404, name: 'not-found', detail: `nothing answers ${request.method} here` }),
  )
  register(app, contextOf)
  await app.ready()
  return {
    handler(request, response, context) {
      contexts.set(request, context)
      if (context.ingress) response.setHeader('x-request-id', context.requestId)
      app.routing(request as Parameters<typeof app.routing>[0], response as Parameters<typeof app.routing>[1])
    },
    close: () => app.close(),
  }
}

/** Answers a request with a problem+json body; as bytes, because to a text fastify adds a charset that JSON does not have. */
export const refuse = (reply: FastifyReply, { status, name, detail, ...members }: Refusal): FastifyReply =>
  reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .header('cache-control', 'no-store')
    .send(
      Buffer.from(
        JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, failure: name, detail, ...members }),
      ),
    )

const refusalOf = (error: FastifyError | HopError): Refusal => {
  if (error instanceof HopError && error.code === 'bad-request') {
    const { field, expected, found } = error
    return { status: 400, name: error.code, detail: error.message, field, expected, found }
  }
  if (error instanceof HopError && error.code === 'no-upstream')
    return { status: 503, name: error.code, detail: 'this service does not know its upstream yet' }
  const status = 'statusCode' in error && error.statusCode ? error.statusCode : 500
  // What broke inside is for the log; the caller learns that it did.
  if (status >= 500) return { status: 500, name: 'internal-error', detail: 'the request could not be handled' }
  return { status, name: 'bad-request', detail: error.message }
}
