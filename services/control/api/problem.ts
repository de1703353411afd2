import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { HopError, type HopErrorDetails } from '../../../pki/error.ts'

/** An error as RFC 9457 puts it, with the parts of a {@link HopError} as members. */
export type ProblemDetails = {
  type: string
  title: string
  status: number
  code: string
  /** The code under the name the data plane's problems use. */
  failure: string
  detail: string
  field?: string
  expected?: string
  found?: string
  remedy?: string
}

/** Status by code, for the codes that are not simply 400. */
const statusOf: Record<string, number> = {
  'operator-token': 401,
  'peer-required': 401,
  'peer-refused': 401,
  'join-token-unknown': 401,
  'join-token-used': 401,
  'join-token-expired': 401,
  'join-token-other-workload': 401,
  'operator-origin': 403,
  'bootstrap-unknown': 403,
  'bootstrap-barred': 403,
  'bootstrap-withheld': 403,
  'csr-asks-for-ca': 403,
  'csr-asks-for-another-identity': 403,
  'public-name-not-yours': 403,
  'faults-invalid': 403,
  'not-found': 404,
  'workload-unknown': 404,
  'link-unknown': 404,
  'switch-unknown': 404,
  'nothing-to-revoke': 404,
  'method-not-allowed': 405,
  'workload-not-connected': 409,
  'reenrol-by-hand': 409,
  'rollout-in-progress': 409,
  'rollout-rolled-back': 409,
  'no-rollout': 409,
  'rotation-in-progress': 409,
  'rotation-undone': 409,
  'rotation-lists': 409,
  'no-rotation': 409,
  'rollout-callers-remain': 409,
  'rollout-unobserved': 409,
  'break-glass-active': 409,
  'no-break-glass': 409,
  'body-too-large': 413,
  'content-type': 415,
  'operator-host': 421,
  'too-many-requests': 429,
  'state-not-writable': 503,
  'report-timeout': 504,
  'reenrol-timeout': 504,
  'rollout-timeout': 504,
  'rotation-timeout': 504,
  'rotation-refused': 502,
  'rollout-refused': 502,
}

/** What Fastify itself refuses, under our names. */
const fastifyCodes: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'content-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body-length',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body-malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body-malformed',
  FST_ERR_BAD_URL: 'url-malformed',
  FST_ERR_VALIDATION: 'body-invalid',
}

/** What each of them is about, where it can be said without the request. */
const about: Record<string, HopErrorDetails> = {
  'body-malformed': {
    field: 'body',
    expected: 'JSON, and no object in it with a name such as __proto__',
    found: 'something else',
    remedy: 'Send {} or no body at all where there is nothing to say',
  },
  'body-too-large': { field: 'body', expected: 'at most what this route takes (usually 64 KiB)', found: 'more' },
}

/** Turns anything thrown into a problem. What is not ours to explain stays inside: `internal-error`, no detail. */
export const problemOf = (error: unknown): ProblemDetails => {
  if (error instanceof HopError) {
    const { code, message: detail, field, expected, found, remedy } = error
    return { ...titled(statusOf[code] ?? 400, code, detail), ...present({ field, expected, found, remedy }) }
  }
  const { code = '', statusCode = 500, message = '' } = error as Partial<FastifyError>
  if (statusCode === 429) return titled(429, 'too-many-requests', 'Too many requests: wait and try again')
  const known = error instanceof SyntaxError ? 'body-malformed' : fastifyCodes[code]
  if (known !== undefined && Object.hasOwn(about, known)) return problemOf(new HopError(known, about[known]!))
  if (statusCode >= 400 && statusCode < 500) return titled(statusCode, known ?? 'bad-request', message)
  return titled(500, 'internal-error', 'The control plane failed; its log says how')
}

/** Answers every error, and every path nobody serves, with a problem. */
export const answerProblems = (app: FastifyInstance, log: Logger): void => {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) log.error({ err: error, method: request.method, path: pathOf(request.url) }, 'failed')
    else log.warn({ code: problem.code, method: request.method, path: pathOf(request.url) }, 'refused')
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problemOf(
        new HopError('not-found', {
          field: 'request',
          expected: 'a method and a path that are served here',
          found: `${request.method} ${pathOf(request.url)}`,
        }),
      ),
    ),
  )
}

export const sendProblem = (reply: FastifyReply, problem: ProblemDetails): FastifyReply =>
  reply.code(problem.status).header('cache-control', 'no-store').type('application/problem+json').send(problem)

const titled = (status: number, code: string, detail: string): ProblemDetails => ({
  type: `urn:hop:problem:${code}`,
  title: code.replaceAll('-', ' '),
  status,
  code,
  failure: code,
  detail,
})

const present = (parts: Partial<ProblemDetails>): Partial<ProblemDetails> =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))

/** Query strings stay out of answers and logs. */
const pathOf = (url: string): string => url.split('?')[0]!.slice(0, 200)
