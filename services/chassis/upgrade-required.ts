import type { Socket } from 'node:net'

const answer =
  'HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.3\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n'

/** Says what is wanted instead of leaving the caller with a reset (RFC 9110 §15.5.22), and ends the connection. */
export const requireUpgrade = (socket: Socket): void => {
  socket.resume()
  socket.end(answer)
  socket.setTimeout(1000, () => socket.destroy())
}
