import { connect, createServer, type Socket } from 'node:net'
import type { Address } from '../../services/chassis/transport.ts'
import { type Front, startFront } from './front.ts'

/** The first byte of a TLS handshake record (RFC 8446, 5.1). */
const handshake = 0x16

/** A box on the way that lets HTTP pass and breaks everything else, as a proxy does that must read what it hands on. */
export const startHttpOnly = (host: string, target: Address): Promise<Front> => {
  const box = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', first => {
      if (first[0] === handshake) return socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      handOn(socket, first, target)
    })
  })
  return startFront(host, box)
}

const handOn = (socket: Socket, first: Buffer, target: Address): void => {
  const onward = connect(target)
  onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  socket.on('close', () => onward.destroy())
  onward.write(first)
  socket.pipe(onward).pipe(socket)
}
