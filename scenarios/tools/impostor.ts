import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import { type Front, startFront } from './front.ts'

/** Somebody who stands where a callee should be, and what he was given. */
export type Impostor = Front & {
  /** Bodies of the requests he could read. */
  requests(): { method: string; path: string; body: string }[]
}

/** Listens on `host`: with a certificate for TLS, without one in plaintext. Answers everything with an empty success. */
export const createImpostor = async (host: string, pair?: KeyPair): Promise<Impostor> => {
  const requests: { method: string; path: string; body: string }[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray().catch(() => [])).toString()
    requests.push({ method: request.method ?? '', path: request.url ?? '', body })
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end('{}')
  }
  const server = pair
    ? createHttpsServer({ key: pair.key, cert: pair.chain, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }, answer)
    : createHttpServer(answer)
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return { ...(await startFront(host, server)), requests: () => requests }
}
