import { Agent, request } from 'undici'
import { HopError } from '../pki/error.ts'

/** JSON over HTTP to one of the lab's own APIs, with the operator's token. Refusals come back as HopErrors. */
export type LabHttp = {
  json<Answer>(method: Method, path: string, body?: unknown): Promise<Answer>
  bytes(method: Method, path: string, body?: unknown): Promise<Buffer>
  /** An NDJSON answer, a line at a time. */
  lines(method: Method, path: string, body?: unknown): AsyncGenerator<unknown>
  close(): Promise<void>
}

type Method = 'GET' | 'PUT' | 'POST'

/** `base` like `http://127.0.0.1:1234`. Errors: `lab-not-running`, or the code of the problem the lab answered with. */
export const createLabHttp = (base: string, token: string): LabHttp => {
  const dispatcher = new Agent({ connections: 16, pipelining: 1, keepAliveTimeout: 2000, headersTimeout: 60_000 })

  const send = async (method: Method, path: string, body: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const answer = await request(base + path, { dispatcher, method, headers, ...sent }).catch(notRunning(base))
    if (answer.statusCode >= 300) throw refused(await answer.body.text(), answer.statusCode)
    return answer.body
  }

  return {
    async json<Answer>(method: Method, path: string, body?: unknown) {
      return (await (await send(method, path, body)).json()) as Answer
    },
    async bytes(method, path, body) {
      return Buffer.from(await (await send(method, path, body)).arrayBuffer())
    },
    async *lines(method, path, body) {
      let rest = ''
      for await (const chunk of await send(method, path, body)) {
        const parts = (rest + chunk).split('\n')
        rest = parts.pop() ?? ''
        for (const part of parts) if (part !== '') yield JSON.parse(part)
      }
    },
    close: () => dispatcher.destroy(),
  }
}

/** The parts of a problem (RFC 9457) that make a HopError again. */
export type ProblemParts = {
  code?: string
  detail?: string
  field?: string
  expected?: string
  found?: string
  remedy?: string
}

/** A problem the lab answered with, as the error it was there. */
export const errorOf = ({ code, detail, field, expected, found, remedy }: ProblemParts): HopError =>
  new HopError(code ?? 'lab-refused', {
    ...(field === undefined ? { message: detail ?? 'the lab refused without saying why' } : { field, expected, found }),
    ...(remedy === undefined ? {} : { remedy }),
  })

const refused = (text: string, status: number): HopError => {
  try {
    return errorOf(JSON.parse(text))
  } catch {
    return new HopError('lab-refused', { message: `the lab answered ${status}` })
  }
}

const notRunning =
  (base: string) =>
  (cause: Error & { code?: string }): never => {
    throw new HopError('lab-not-running', {
      field: 'lab',
      expected: `an answer at ${base}`,
      found: cause.code ?? cause.message,
      remedy: 'Start one with: hop up',
      cause,
    })
  }
