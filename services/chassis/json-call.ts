import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { HopError, type HopErrorDetails } from '../../pki/error.ts'
import type { CallWatch } from './call-watch.ts'
import type { JsonAnswer, JsonRequest, RequestContext } from './program.ts'
import { propagatedHeaders } from './propagation.ts'

export type JsonCall = {
  dispatcher: Dispatcher
  context: RequestContext
  /** Absent: the call takes no span of its own. */
  watch?: CallWatch | undefined
  request: JsonRequest
  /** Raw header pairs that go with the request. */
  headers: readonly string[]
  /** Most bytes of an answer: a callee is not trusted with this workload's memory. */
  answerBytes: number
}

/**
 * One small JSON request and its answer, with the answer's `Via`. Rejects with what the dispatcher says, and with
 * HopError `bad-response` where the answer is too large or no JSON.
 */
export const callJson = async (call: JsonCall): Promise<JsonAnswer & { via: string | string[] | undefined }> => {
  const { method, path, body } = call.request
  const { context, watch } = call
  const text = body === undefined ? null : JSON.stringify(body)
  const answer = await call.dispatcher.request({
    ...(watch ? { watch } : {}),
    method: method as 'POST',
    path,
    headers: [
      ...propagatedHeaders(context, watch?.record.spanId ?? context.spanId),
      ...call.headers,
      ...(text === null ? [] : ['content-type', 'application/json']),
      'accept',
      'application/json',
    ],
    body: text,
  })
  const { via } = answer.headers
  return { status: answer.statusCode, body: parse(await textOf(answer.body, call.answerBytes)), via }
}

const textOf = async (body: Readable, most: number): Promise<string> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) throw badAnswer({ field: 'answer', expected: `at most ${most} bytes`, found: 'more' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const parse = (text: string): unknown => {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badAnswer({ field: 'answer', expected: 'JSON', found: 'something else', cause })
  }
}

const badAnswer = (details: HopErrorDetails) => new HopError('bad-response', details)
