import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { failureOf } from '../../../services/chassis/failures.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import type { createCleanup, Mesh } from './mesh.ts'

type Cleanup = ReturnType<typeof createCleanup>

/** A TCP server that does with each connection what it is told. */
export const bareTcp = async (cleanup: Cleanup, onSocket: (socket: Socket) => void): Promise<Address> => {
  const server = createServer(socket => {
    socket.on('error', () => {})
    onSocket(socket)
  }).listen(0, '127.0.0.1')
  cleanup.add(server)
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

/** A TLS server by Node's own rules; `failures` are the names our vocabulary gives to what it met. */
export const bareServer = async (cleanup: Cleanup, mesh: Mesh, options: TlsOptions) => {
  const { key, chain } = mesh.mint('orders')
  const failures: string[] = []
  const server = createTlsServer({ key, cert: chain, ...options }, socket => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
  })
  server.on('tlsClientError', error => failures.push(failureOf(error).name))
  server.listen(0, '127.0.0.1')
  cleanup.add(server)
  await once(server, 'listening')
  return { address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, failures }
}
