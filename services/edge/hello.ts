import { isIP, type Socket } from 'node:net'
import { type ClientHello, parseHello, printable, type RawHello } from './hello-parser.ts'
import { createHelloRecords } from './hello-records.ts'
import { refusal } from './hello-refusals.ts'

/** Bounds of the wait for a ClientHello. `maxBytes`: until it is whole, record headers included. */
export type HelloLimits = { maxBytes?: number; deadlineMs?: number }

const defaultMaxBytes = 16_384
const defaultDeadlineMs = 5000

/**
 * Reads the ClientHello and puts every byte back: the socket's next reader, a TLS server or a relay, finds the stream
 * untouched, early data behind the hello included. Rejects with a HopError named in `hello-refusals.ts`; closing the
 * socket is the caller's part (`turnAway`), also after the deadline.
 */
export const peekClientHello = (socket: Socket, limits: HelloLimits = {}): Promise<RawHello> =>
  new Promise((resolve, reject) => {
    const records = createHelloRecords(limits.maxBytes ?? defaultMaxBytes)
    const deadlineMs = limits.deadlineMs ?? defaultDeadlineMs
    const settle = (finish: () => void): void => {
      clearTimeout(deadline)
      socket.off('readable', read).off('end', ended).off('close', ended).off('error', failed)
      finish()
    }
    const read = (): void => {
      try {
        for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read()) {
          const body = records.push(chunk)
          if (!body) continue
          const hello = parseHello(body)
          settle(() => resolve(hello))
          // In the same turn as the read: once Node has announced the end of the stream nothing can be put back.
          socket.unshift(records.bytes())
          return
        }
      } catch (error) {
        settle(() => reject(error))
      }
    }
    const ended = (): void => {
      const found = `${records.bytes().length} bytes and the end`
      settle(() => reject(refusal('client-closed', { field: 'client hello', expected: 'a whole one', found })))
    }
    const failed = (cause: NodeJS.ErrnoException): void =>
      settle(() => reject(refusal('client-reset', { message: 'the client broke off', found: cause.code, cause })))
    const late = (): void => {
      const found = `${records.bytes().length} bytes`
      const expected = `a whole one within ${deadlineMs} ms`
      settle(() => reject(refusal('client-hello-timeout', { field: 'client hello', expected, found })))
    }
    const deadline = setTimeout(late, deadlineMs)
    if (socket.destroyed || socket.readableEnded) return ended()
    socket.on('readable', read).on('end', ended).on('close', ended).on('error', failed)
    read()
  })

/** One label and more, letters, digits, hyphen and underscore; no trailing dot (RFC 6066 §3). */
const dnsName = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/

/**
 * The name a client asked for, in lower case. Throws `server-name-absent`, or `server-name-invalid` for what is not a
 * DNS name: IP literals, NUL and other control characters, empty labels, a trailing dot, more than 253 characters.
 */
export const serverNameOf = ({ serverName, alpn }: RawHello): ClientHello => {
  const field = 'server_name'
  if (!serverName) throw refusal('server-name-absent', { field, expected: 'a DNS name' })
  const name = serverName.toString('latin1').toLowerCase()
  if (name.length > 253 || !dnsName.test(name) || isIP(name) !== 0) {
    throw refusal('server-name-invalid', {
      field,
      expected: 'a DNS name',
      found: printable(serverName.subarray(0, 253)),
    })
  }
  return { serverName: name, alpn }
}
