import { PassThrough } from 'node:stream'
import { problemOf } from './problem.ts'
import { createWriter } from './stream.ts'

/**
 * An answer in NDJSON that tells how work goes on, then `{done: true, …outcome}` or `{done: false, problem}`. A refusal
 * before anything happened is a plain problem; afterwards it is the last line.
 */
export const narrated = async (work: (watch: (line: object) => void) => Promise<object>): Promise<PassThrough> => {
  const body = new PassThrough()
  const writer = createWriter<object>(body)
  body.on('error', () => {})
  const begun = Promise.withResolvers<void>()
  const ended = work(line => {
    writer.send(line)
    begun.resolve()
  })
  ended.then(() => begun.resolve(), begun.reject)
  await begun.promise
  ended
    .then(
      outcome => writer.send({ done: true, ...outcome }),
      error => writer.send({ done: false, problem: problemOf(error) }),
    )
    .finally(writer.close)
  return body
}
