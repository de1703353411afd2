import { createSecureServer } from 'node:http2'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import { type Front, startFront } from './front.ts'

/** Answers whatever name is asked for with success: what there is without a comparison of names. */
export const createCareless = async (host: string, pair: KeyPair): Promise<Front> => {
  const server = createSecureServer({ key: pair.key, cert: pair.chain, allowHTTP1: true }, (request, response) => {
    request.resume()
    response.writeHead(200).end()
  })
  server.on('sessionError', () => {})
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return startFront(host, server)
}
