import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Address } from '../../services/chassis/transport.ts'

/** Somebody who stands where a callee should be, and what he was given. */
export type Impostor = {
  address: Address
  connections(): number
  /** Bodies of the requests he could read. */
  requests(): { method: string; path: string; body: string }[]
  close(): Promise<void>
}

/** Listens on loopback: with a certificate for TLS, without one in plaintext. Answers everything with an empty success. */
export const createImpostor = async (pair?: KeyPair): Promise<Impostor> => {
  const requests: { method: string; path: string; body: string }[] = []
  let connections = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray().catch(() => [])).toString()
    requests.push({ method: request.method ?? '', path: request.url ?? '', body })
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end('{}')
  }
  const server = pair
    ? createHttpsServer({ key: pair.key, cert: pair.chain, minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }, answer)
    : createHttpServer(answer)
  server.on('connection', socket => {
    connections += 1
    socket.on('error', () => {})
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { address: host, port } = server.address() as AddressInfo
  return {
    address: { host, port },
    connections: () => connections,
    requests: () => requests,
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
