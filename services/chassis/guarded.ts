import { HopError } from '../../pki/error.ts'
import { statusOf } from './answer-status.ts'
import { sendProblem } from './problem.ts'
import type { Handler } from './program.ts'
import type { Telemetry } from './telemetry.ts'

const broken = { status: 500, name: 'internal-error', detail: 'the request could not be handled' }
const noUpstream = { ...statusOf('no-upstream'), name: 'no-upstream' }

/**
 * A handler that cannot throw: what it would have thrown ends in an answer, 503 where only the upstream is missing
 * (its callee has not registered yet), with the raw pairs in `also`. Thrown on, it would end the process, and every other request with it.
 */
export const guarded =
  (handler: Handler, { log }: Pick<Telemetry, 'log'>, also: readonly string[] = []): Handler =>
  (request, response, context) => {
    try {
      handler(request, response, context)
    } catch (error) {
      const problem = error instanceof HopError && error.code === 'no-upstream' ? noUpstream : broken
      if (problem === broken) log.error({ err: error, requestId: context.requestId }, 'handler failed')
      context.failure = { name: problem.name, code: problem.name }
      sendProblem(response, { ...problem, requestId: context.requestId }, also)
    }
  }
