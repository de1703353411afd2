import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { answerProblem } from '../answer.ts'
import type { L7Policy } from '../chassis/desired.ts'
import type { Handler, Request, RequestContext, Response } from '../chassis/program.ts'
import type { Check, Refusal } from './check.ts'
import type { RouteMetrics } from './metrics.ts'

export type L7PackOptions = {
  /** In this order; the first refusal counts. */
  checks: readonly Check[]
  policy: () => L7Policy | undefined
  /** What the chassis knows of the request in hand; asked once, before anything is waited for. */
  contextOf: (request: FastifyRequest) => RequestContext
  metrics: RouteMetrics
  /** Raw header pairs of every refusal. */
  refusalHeaders: readonly string[]
  /** Gets what no check refused, its body unread. Must not throw. */
  next: Handler
  /** Told of checks that break; whoever asked learns no more than that. */
  log: Pick<Logger, 'error'>
}

/**
 * The L7 policy pack as a Fastify plugin: counts every request, checks it, answers the refused as problem+json and takes
 * the others out of Fastify's hands, so that their bodies stream through the program behind as if nothing stood in front.
 */
export const l7Pack: FastifyPluginCallback<L7PackOptions> = (app, options, done) => {
  const enforce = createEnforcement(options)
  app.addHook('onRequest', (request, reply, _done) => enforce(request, reply))
  app.all('/*', (_request, reply) => reply.hijack())
  done()
}

/** What the plugin's hook does with a request; also for those whose target Fastify's router cannot decode. */
export const createEnforcement = (options: L7PackOptions): ((request: FastifyRequest, reply: FastifyReply) => void) => {
  const { checks, contextOf, metrics, next } = options

  const refuse = (response: Response, context: RequestContext, { headers = none, ...problem }: Refusal): void => {
    metrics.refused(context, problem.name)
    answerProblem(response, context, problem, [...options.refusalHeaders, ...headers])
  }

  const failed = (error: unknown, { requestId }: RequestContext): Refusal => {
    options.log.error({ err: error, requestId }, 'a check failed')
    return broken
  }

  const outcome = (check: Check, request: Request, context: RequestContext, policy: L7Policy) => {
    try {
      return check(request, context, policy)
    } catch (error) {
      return failed(error, context)
    }
  }

  const check = (request: Request, response: Response, context: RequestContext, policy: L7Policy, from: number) => {
    for (let i = from; i < checks.length; i++) {
      const found = outcome(checks[i]!, request, context, policy)
      if (found === undefined) continue
      if (!('then' in found)) return refuse(response, context, found)
      return awaited(found, response, context, () => check(request, response, context, policy, i + 1))
    }
    next(request, response, context)
  }

  const awaited = (
    found: Promise<Refusal | undefined>,
    response: Response,
    context: RequestContext,
    go: () => void,
  ) => {
    let gone = false
    response.once('close', () => {
      gone = true
    })
    found
      .catch(error => failed(error, context))
      .then(refusal => {
        if (gone) return
        if (refusal) refuse(response, context, refusal)
        else go()
      })
  }

  return (request, reply) => {
    reply.hijack()
    const context = contextOf(request)
    const policy = options.policy()
    metrics.watch(context, request.raw)
    if (policy) check(request.raw, reply.raw, context, policy, 0)
    else next(request.raw, reply.raw, context)
  }
}

const none: readonly string[] = []
const broken: Refusal = { status: 500, name: 'internal-error', detail: 'the request could not be checked' }
