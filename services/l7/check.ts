import type { L7Policy } from '../chassis/desired.ts'
import type { Problem } from '../chassis/problem.ts'
import type { Request, RequestContext } from '../chassis/program.ts'

/** Why a request is turned away: status, kebab-case name, a sentence; `headers` are raw pairs of the answer. */
export type Refusal = Omit<Problem, 'requestId'> & { headers?: readonly string[] }

/**
 * One check of the L7 policy pack. Sees a request with its body unread and what the chassis knows of it; may put its
 * headers in order. Undefined: nothing against it. A promise where finding out takes time.
 */
export type Check = (
  request: Request,
  context: RequestContext,
  policy: L7Policy,
) => Refusal | undefined | Promise<Refusal | undefined>
