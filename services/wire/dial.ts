import { once } from 'node:events'
import { connect, isIP, type Socket } from 'node:net'
import type { Address } from '../chassis/transport.ts'

/** So long a callee may take to answer a SYN. */
const mostMs = 5_000

/**
 * Connects to the callee. A loopback caller's own address is kept as source, so that the tap stays invisible in between;
 * where the system does not allow that, the system's choice it is. Rejects with the socket's error. `dialled` gets each
 * socket at once, for whoever must be able to destroy it while it still connects.
 */
export const dial = async (
  address: Address,
  source: string | undefined,
  dialled: (socket: Socket) => void,
): Promise<Socket> => {
  const attempt = async (localAddress?: string): Promise<Socket> => {
    const socket = connect({ ...address, localAddress, allowHalfOpen: true, noDelay: true })
    dialled(socket)
    socket.setTimeout(mostMs, () => socket.destroy(new Error('nobody answered')))
    await once(socket, 'connect')
    return socket.setTimeout(0)
  }
  // The system takes 127.0.0.1 by itself; binding to it would use up local ports much sooner.
  const keep = source?.startsWith('127.') && source !== '127.0.0.1' && isIP(address.host) === 4
  if (!keep) return attempt()
  return attempt(source).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'EINVAL') return attempt()
    throw error
  })
}
