import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'

/** What the server made of the client, and the client of the server. Codes are those of Node's verification. */
export type Outcome = { serverSaw: string | undefined; leaf: Buffer | undefined; clientSaw: string | undefined }

/** One real mutual TLS handshake on loopback; both ends verify and report, neither hangs up by itself. */
export const handshake = async (server: SecureContextOptions, client: SecureContextOptions): Promise<Outcome> => {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: false })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'secureConnection') as Promise<[TLSSocket]>
  const { port } = listener.address() as AddressInfo
  const socket = connect({
    ...client,
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
  try {
    const [[peer]] = await Promise.all([accepted, once(socket, 'secureConnect')])
    peer.on('error', () => undefined)
    return { serverSaw: codeOf(peer), leaf: peer.getPeerCertificate().raw, clientSaw: codeOf(socket) }
  } finally {
    socket.destroy()
    listener.close()
  }
}

// A string at run time, whatever the types say.
const codeOf = (socket: TLSSocket): string | undefined =>
  socket.authorized
    ? undefined
    : String((socket.authorizationError as Error & { code?: string })?.code ?? socket.authorizationError)
