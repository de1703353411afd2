import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createAuthority } from '../../../pki/authority.ts'
import { generateKey, privateKeyPem } from '../../../pki/keys.ts'
import type { Address } from '../../../services/chassis/transport.ts'

/** A server certificate for one DNS name from an authority of its own; `ca` trusts it. */
export const throwaway = (dnsName: string): { key: string; cert: string; ca: string[] } => {
  const authority = createAuthority({ trustDomain: 'hop.lab', clock: Date.now })
  const { privateKey, publicKey } = generateKey()
  const request = { publicKey, dnsName, lifetimeMs: 3_600_000, serial: authority.newSerial() }
  return {
    key: privateKeyPem(privateKey),
    cert: authority.issuePublic(request).chain,
    ca: authority.trustBundle(),
  }
}

/** Things to undo after a test, last first. */
export const createCleanup = () => {
  const steps: (() => unknown)[] = []
  return {
    later: (step: () => unknown): void => {
      steps.push(step)
    },
    run: async (): Promise<void> => {
      for (const step of steps.splice(0).reverse()) await step()
    },
  }
}

export type Cleanup = ReturnType<typeof createCleanup>

/** Listens on a free port of 127.0.0.1; its connections are destroyed at the end of the test. */
export const listening = async <S extends Server>(server: S, cleanup: Cleanup): Promise<Address> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.later(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

/** A TCP server that hands each connection to `serve`. */
export const tcpServer = (cleanup: Cleanup, serve: (socket: Socket) => void): Promise<Address> =>
  listening(createServer({ allowHalfOpen: true }, serve), cleanup)

/** An open connection; its errors are kept in `errors`. */
export const dialled = async (address: Address, cleanup: Cleanup, localAddress?: string) => {
  const errors: (string | undefined)[] = []
  const socket = connect({ ...address, localAddress, allowHalfOpen: true, noDelay: true })
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  cleanup.later(() => socket.destroy())
  // Not `once`: a connection that is refused at once may fail before it has connected.
  await new Promise<void>(resolve => socket.once('connect', resolve).once('close', () => resolve()))
  return { socket, errors }
}

/** Everything a socket sends until its end. */
export const drained = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Waits for a socket to be gone, whichever way it goes. */
export const closed = async (socket: Socket): Promise<void> => {
  if (!socket.closed) await new Promise<void>(resolve => socket.once('close', () => resolve()))
}

/** Resolves once `condition` holds, looking after each turn of the event loop. The test's own timeout ends a vain wait. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}
