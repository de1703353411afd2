import { createServer, type Server } from 'node:http'
import type { Address } from '../chassis/transport.ts'

export type Redirect = { address: Address; close(): Promise<void> }

/**
 * The plaintext door: sends everybody to HTTPS and reads nothing. Only names served here are redirected to, so that
 * the Host header cannot send people elsewhere.
 */
export const startRedirect = async (options: {
  host?: string
  port?: number
  serverName: string
  httpsPort: () => number
}): Promise<Redirect> => {
  const { host = '127.0.0.1', port = 0, serverName, httpsPort } = options
  const server: Server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000 },
    (request, response) => {
      const suffix = httpsPort() === 443 ? '' : `:${httpsPort()}`
      const path = request.url?.startsWith('/') ? request.url : '/'
      // 308 keeps the method; a GET may be remembered
      response.writeHead(308, {
        location: `https://${serverName}${suffix}${path}`,
        'content-length': 0,
        connection: 'close',
      })
      response.end()
    },
  )
  server.maxConnections = 256
  const address = await new Promise<Address>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve({ host, port: (server.address() as { port: number }).port }))
  })
  return {
    address,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
