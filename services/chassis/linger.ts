import type { Duplex } from 'node:stream'

/**
 * Sends what is left to say, and closes once the peer has closed, or after so many ms. Cutting a peer that is still sending
 * resets the connection and takes the answer with it (RFC 9112 §9.6); whoever reads the socket goes on doing so.
 */
export const closeLingering = (socket: Duplex, forMs: number, last = ''): void => {
  const cut = setTimeout(() => socket.destroy(), forMs)
  socket.once('close', () => clearTimeout(cut))
  socket.once('end', () => socket.destroy())
  socket.end(last, 'latin1')
}
