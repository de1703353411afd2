import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { reset } from '../../../services/chassis/relay.ts'

test.each([
  ['open', (_socket: Socket) => {}],
  ['shutting down', (socket: Socket) => void socket.end('last words')],
])('a socket that is %s is closed by a reset, without an error', async (_state, before) => {
  const peers: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, peer => {
    peers.push(peer.on('error', () => {}))
    peer.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const errors: Error[] = []
  socket.on('error', error => errors.push(error))
  await once(socket, 'connect')
  before(socket)
  reset(socket)
  await once(socket, 'close')
  expect(errors).toEqual([])
  for (const peer of peers) peer.destroy()
  server.close()
})
