import { once } from 'node:events'
import { connect } from 'node:net'
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

/** `base` like `http://127.0.0.1:1234`. Errors: `lab-not-running`, `lab-gone` (in mid-answer), or the code of the problem the lab answered with. */
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
      const answer = await send(method, path, body)
      return (await answer.json().catch(gone(base))) as Answer
    },
    async bytes(method, path, body) {
      const answer = await send(method, path, body)
      return Buffer.from(await answer.arrayBuffer().catch(gone(base)))
    },
    async *lines(method, path, body) {
      let rest = ''
      const chunks = (await send(method, path, body))[Symbol.asyncIterator]()
      for (;;) {
        const { done, value } = await chunks.next().catch(gone(base))
        if (done) return
        const parts = (rest + value).split('\n')
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
    ...(field === undefined ? { message: withoutRemedy(detail, remedy) } : { field, expected, found }),
    ...(remedy === undefined ? {} : { remedy }),
  })

/** The detail ends with the remedy, which is a part of its own. */
const withoutRemedy = (detail = 'the lab refused without saying why', remedy?: string): string =>
  remedy && detail.endsWith(`. ${remedy}`) ? detail.slice(0, -remedy.length - 2) : detail

const refused = (text: string, status: number): HopError => {
  try {
    return errorOf(JSON.parse(text))
  } catch {
    return new HopError('lab-refused', { message: `the lab answered ${status}` })
  }
}

const gone =
  (base: string) =>
  (cause: Error & { code?: string }): never => {
    throw new HopError('lab-gone', {
      field: 'lab',
      expected: `its whole answer at ${base}`,
      found: `the connection ended in the middle (${cause.code ?? cause.message})`,
      remedy: 'Start it again with: hop up, then hop state shows how far it got',
      cause,
    })
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

/** The address this machine has on its way to `base`. Rejects with `lab-not-running`. */
export const addressTowards = async (base: string): Promise<string> => {
  const { hostname, port } = new URL(base)
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) })
  try {
    await once(socket, 'connect').catch(notRunning(base))
    return socket.localAddress!
  } finally {
    socket.destroy()
  }
}
