import { type Problem, problemBody } from './chassis/problem.ts'
import type { RequestContext, Response } from './chassis/program.ts'

/** Answers with a problem where there is no fastify to do it. Names the failure in the context, for the request's record. */
export const answerProblem = (
  response: Response,
  context: RequestContext,
  problem: Omit<Problem, 'requestId'>,
): void => {
  context.failure = { name: problem.name, code: problem.name }
  response.statusCode = problem.status
  response.setHeader('content-type', 'application/problem+json')
  response.setHeader('cache-control', 'no-store')
  response.end(problemBody({ ...problem, requestId: context.requestId }))
}
