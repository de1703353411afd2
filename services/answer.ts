import { type Problem, sendProblem } from './chassis/problem.ts'
import type { RequestContext, Response } from './chassis/program.ts'

/** Answers with a problem where there is no fastify to do it. Names the failure in the context, for the request's record. */
export const answerProblem = (
  response: Response,
  context: RequestContext,
  problem: Omit<Problem, 'requestId'>,
  also: readonly string[] = [],
): void => {
  context.failure = { name: problem.name, code: problem.name }
  sendProblem(response, { ...problem, requestId: context.requestId }, also)
}
