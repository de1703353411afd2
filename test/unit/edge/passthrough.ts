import { createServer, type Socket } from 'node:net'
import type { Splice } from '../../../services/chassis/desired.ts'
import type { Address } from '../../../services/chassis/transport.ts'
import { type SplicedConnection, type SpliceEnd, type SpliceOptions, splice } from '../../../services/edge/splice.ts'
import { type Cleanup, dialled, drained, listening, tcpServer } from '../wire/support.ts'

/** A passthrough on a free port, what it saw, and how its connections ended. */
export const passthrough = async (
  splices: Splice[],
  cleanup: Cleanup,
  options: Partial<Omit<SpliceOptions, 'socket' | 'splices'>> = {},
) => {
  const seen: SplicedConnection[] = []
  const ends: SpliceEnd[] = []
  const open = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const onConnection = (connection: SplicedConnection): unknown => seen.push(connection)
    splice({ socket, splices, onConnection, onClose: (_, end) => ends.push(end), ...options })
  })
  return { address: await listening(server, cleanup), seen, ends, open }
}

export const spliceTo = (address: Address, serverName = 'shop.hop.lab'): Splice => ({
  ...{ serverName, address, link: 'client:orders' },
})

/** A callee that keeps what it was sent and answers `backend` once the other end has finished. */
export const keepingBackend = async (cleanup: Cleanup) => {
  const received: Buffer[] = []
  const open = new Set<Socket>()
  const address = await tcpServer(cleanup, async socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    const bytes = await drained(socket).catch(() => undefined)
    if (!bytes) return
    received.push(bytes)
    socket.end('backend')
  })
  return { address, received, open }
}

/** Sends pieces, each in a segment of its own, then FIN; gives the answer and the error, if any. */
export const converse = async (address: Address, pieces: Iterable<Buffer>, cleanup: Cleanup) => {
  const { socket, errors } = await dialled(address, cleanup)
  const answer = drained(socket).catch(() => Buffer.alloc(0))
  for (const piece of pieces) {
    if (!socket.writable) break
    socket.write(piece)
    await new Promise(setImmediate)
  }
  if (socket.writable) socket.end()
  return { answer: await answer, errors }
}

/** Pieces of `size` bytes. */
export function* cutUp(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
