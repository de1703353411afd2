import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Front, startFront } from './front.ts'

/** A server in plaintext that reads whatever can be read in some way, and the targets it was asked for. */
export type Lenient = Front & { asked(): readonly string[] }

/** Node's own HTTP/1.1 parser with its strictness switched off (`insecureHTTPParser`). Answers at once, before any body. */
export const createLenient = async (): Promise<Lenient> => {
  const asked: string[] = []
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request.url ?? '')
    request.resume()
    response.end()
  }
  const server = createServer({ insecureHTTPParser: true, requireHostHeader: false }, answer)
  return { ...(await startFront('127.0.0.1', server)), asked: () => asked }
}
