import * as v from 'valibot'
import { HopError } from '../pki/error.ts'
import type { JsonRequest, RequestContext, Upstream } from './chassis/program.ts'

/** What came of a call: a usable answer, or why there is none. `status` is there when the callee did answer. */
export type Outcome<Body> =
  | { ok: true; status: number; body: Body }
  | { ok: false; name: string; detail: string; status?: number; body?: unknown }

/** Calls a callee and checks its answer. Never rejects: a call that fails is an outcome like another. */
export const ask = async <Schema extends v.GenericSchema>(
  upstream: Upstream,
  context: RequestContext,
  request: JsonRequest,
  schema: Schema,
): Promise<Outcome<v.InferOutput<Schema>>> => {
  const { callee } = upstream.spec()
  try {
    const { status, body } = await upstream.call(context, request)
    if (status < 200 || status > 299) {
      return { ok: false, name: 'upstream-refused', detail: `${callee} answered ${status}`, status, body }
    }
    const answer = v.safeParse(schema, body)
    if (answer.success) return { ok: true, status, body: answer.output }
    return { ok: false, name: 'bad-answer', detail: `${callee} answered something else than agreed`, status, body }
  } catch (error) {
    const name = error instanceof HopError ? error.code : 'upstream-failed'
    return { ok: false, name, detail: `${callee} gave no answer (${name})` }
  }
}
