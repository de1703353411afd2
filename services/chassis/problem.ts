import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Response } from './program.ts'

/** An answer that is a refusal: an HTTP status, a kebab-case name programs match, a sentence for people. */
export type Problem = { status: number; name: string; detail: string; requestId?: string }

/** RFC 9457 body. Says what was wrong, nothing about what is inside. */
export const problemBody = ({ status, name, detail, requestId }: Problem): string =>
  JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, failure: name, detail, requestId })

/** Raw header pairs that go with {@link problemBody}. */
export const problemHeaders = (body: string, requestId?: string): string[] => [
  ...['content-type', 'application/problem+json', 'cache-control', 'no-store'],
  ...['content-length', String(Buffer.byteLength(body))],
  ...(requestId === undefined ? [] : ['x-request-id', requestId]),
]

/** The whole HTTP/1.1 answer as text, with the raw pairs in `also`, for a connection whose parser has given up. Announces the close. */
export const problemBytes = (problem: Problem, also: readonly string[] = []): string => {
  const body = problemBody(problem)
  const pairs = [...problemHeaders(body, problem.requestId), ...also]
  let head = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n`
  for (let i = 0; i < pairs.length; i += 2) head += `${pairs[i]}: ${pairs[i + 1]}\r\n`
  return `${head}connection: close\r\n\r\n${body}`
}

/** Answers with a problem and the raw header pairs in `also`; a response already begun can only be ended. */
export const sendProblem = (response: Response, problem: Problem, also: readonly string[] = []): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = problemBody(problem)
  // both compatibility layers take the same pairs; their types differ
  ;(response as ServerResponse)
    .writeHead(problem.status, [...problemHeaders(body, problem.requestId), ...also])
    .end(body)
}
