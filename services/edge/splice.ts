import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { HopError } from '../../pki/error.ts'
import type { Splice } from '../chassis/desired.ts'
import type { Endpoint } from '../chassis/peers.ts'
import { type RelayFailure, relay } from '../chassis/relay.ts'
import { type HelloLimits, peekClientHello, serverNameOf } from './hello.ts'
import { printable, type RawHello } from './hello-parser.ts'
import { alertName, type HelloRefusal, helloRefusals, refusal, turnAway } from './hello-refusals.ts'

/** One connection at the passthrough: which name it asked for, where it went, or why it was turned away. */
export type SplicedConnection = {
  /** As the client wrote it, escaped where not printable; absent when it named none. */
  serverName?: string
  alpn: string[]
  splice?: Splice
  peer?: Endpoint
  /** `name` is a key of `helloRefusals`, `code` the alert sent, `closed` without one, or the errno of the callee. */
  failure?: { name: HelloRefusal; code: string }
  /** From the call to the verdict; then to the callee's answer to our SYN. */
  helloMs: number
  connectMs?: number
}

/** How a spliced connection ended. `bytesIn`: from the client. */
export type SpliceEnd = { bytesIn: number; bytesOut: number; durationMs: number; failure?: RelayFailure }

export type SpliceOptions = {
  socket: Socket
  /** Who connected; absent: nobody tells. */
  peer?: Endpoint
  splices: readonly Splice[]
  limits?: HelloLimits
  connectTimeoutMs?: number
  /** Both ends are closed after this long without a byte. */
  idleMs?: number
  /** Source address of the connection to the callee; absent: the system's choice. */
  dialFrom?: string
  /** Bytes for the callee in front of the client's, such as a PROXY protocol header. */
  preface?: (splice: Splice) => Buffer
  /** Called once, when the connection is spliced or turned away. */
  onConnection?: (connection: SplicedConnection) => void
  /** Called once after that, when both sockets are closed; not for connections turned away. */
  onClose?: (connection: SplicedConnection, end: SpliceEnd) => void
  /** Milliseconds, monotonic. */
  now?: () => number
}

const defaultConnectTimeoutMs = 5000
const defaultIdleMs = 600_000

/**
 * Passes one TLS connection through unopened: reads the ClientHello, picks the splice with exactly its server name (case
 * aside), relays byte for byte. Anything else is turned away. Never rejects; destroying `socket` ends the splice.
 */
export const splice = async (options: SpliceOptions): Promise<void> => {
  const { socket, splices, limits, onConnection, onClose, now = () => performance.now() } = options
  const began = now()
  // a relay in front may have said first who connected, which the client did not send
  const before = socket.bytesRead - socket.readableLength
  const connection: SplicedConnection = { alpn: [], helloMs: 0, ...(options.peer && { peer: options.peer }) }
  socket.allowHalfOpen = true
  // From here on something always listens; what a failure means is judged where it is awaited.
  socket.on('error', () => {})
  try {
    const hello = await peekClientHello(socket, limits)
    note(connection, hello)
    connection.splice = choose(hello, splices)
    connection.helloMs = now() - began
    const preface = options.preface?.(connection.splice)
    const dialled = now()
    const callee = await reach(connection.splice, options)
    connection.connectMs = now() - dialled
    if (preface) callee.write(preface)
    onConnection?.(connection)
    const closed = (failure: RelayFailure | undefined): void => {
      const bytes = { bytesIn: socket.bytesRead - before, bytesOut: callee.bytesRead }
      onClose?.(connection, { ...bytes, durationMs: now() - began, ...(failure && { failure }) })
    }
    relay(socket, callee, { idleMs: options.idleMs ?? defaultIdleMs, onClose: closed })
  } catch (error) {
    connection.helloMs ||= now() - began
    connection.failure = failureOf(error)
    turnAway(socket, connection.failure.name)
    onConnection?.(connection)
  }
}

const note = (connection: SplicedConnection, { serverName, alpn }: RawHello): void => {
  connection.alpn = alpn
  if (serverName) connection.serverName = printable(serverName.subarray(0, 255))
}

const choose = (hello: RawHello, splices: readonly Splice[]): Splice => {
  const { serverName } = serverNameOf(hello)
  const found = splices.find(candidate => candidate.serverName.toLowerCase() === serverName)
  if (found) return found
  throw refusal('server-name-unknown', { field: 'server_name', expected: 'a name spliced here', found: serverName })
}

const reach = async ({ address }: Splice, options: SpliceOptions): Promise<Socket> => {
  const { socket: client, connectTimeoutMs: timeoutMs = defaultConnectTimeoutMs, dialFrom } = options
  const callee = connect({
    ...address,
    ...(dialFrom && { localAddress: dialFrom }),
    allowHalfOpen: true,
    noDelay: true,
  })
  const gone = (): void => {
    callee.destroy(refusal('client-closed', { message: 'the client left while the callee was dialled' }))
  }
  client.once('close', gone)
  callee.setTimeout(timeoutMs, () => {
    callee.destroy(Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' }))
  })
  try {
    await once(callee, 'connect')
  } catch (cause) {
    if (cause instanceof HopError) throw cause
    throw refusal('callee-unreachable', { message: `no connection to ${address.host}:${address.port}`, cause })
  } finally {
    client.off('close', gone)
    callee.removeAllListeners('timeout')
  }
  return callee
}

const failureOf = (error: unknown): { name: HelloRefusal; code: string } => {
  const known = error instanceof HopError && Object.hasOwn(helloRefusals, error.code)
  if (!known) return { name: 'callee-unreachable', code: String((error as NodeJS.ErrnoException).code ?? error) }
  const name = error.code as HelloRefusal
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException
  return { name, code: code ?? alertName(name) }
}
