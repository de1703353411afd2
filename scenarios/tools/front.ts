import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { awaitFirstByte } from '../../services/chassis/first-byte.ts'
import { createOrigins } from '../../services/chassis/origin.ts'
import type { Address } from '../../services/chassis/transport.ts'

/** Where somebody listens who stands in a workload's place. */
export type Front = {
  address: Address
  connections(): number
  close(): Promise<void>
}

const patienceMs = 10_000

/** Listens on `host` and hands every connection to `server`. A PROXY header in front is no obstacle: it is believed of anyone. */
export const startFront = async (host: string, server: Pick<Server, 'emit'>): Promise<Front> => {
  const sockets = new Set<Socket>()
  let connections = 0
  const origins = createOrigins(() => ({ from: 'anyone' }))
  const front = createServer(socket => {
    connections += 1
    sockets.add(socket)
    const end = () => socket.destroy()
    socket.on('error', end).on('close', () => sockets.delete(socket))
    awaitFirstByte(socket, origins, patienceMs, { came: () => server.emit('connection', socket), refused: end })
  })
  await new Promise<void>((resolve, reject) => {
    front.once('error', reject)
    front.listen(0, host, resolve)
  })
  const { port } = front.address() as AddressInfo
  return {
    address: { host, port },
    connections: () => connections,
    async close() {
      const closed = new Promise(resolve => front.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
