import type { Socket } from 'node:net'

/** Which way bytes go on a link. */
export type Direction = 'to-callee' | 'to-caller'

/** Why a relay ended other than by both ends closing in order: whose connection broke, and the raw code. */
export type RelayFailure = { side: 'caller' | 'callee'; code: string }

/** The far side of one direction, as something standing in between sees it. */
export type Sink = { write(chunk: Buffer): void; end(): void; pause(): void; resume(): void }

/** Something standing in between in one direction. While `full()` no more is read; `close()` releases what it holds. */
export type Through = { push(chunk: Buffer): void; end(): void; full(): boolean; close(): void }

export type RelayOptions = {
  through?: (direction: Direction, sink: Sink) => Through
  /** Both sockets are closed after this many ms without a byte either way. 0: never. */
  idleMs?: number
  /** Called once, when both sockets are closed. */
  onClose?: (failure: RelayFailure | undefined) => void
}

/**
 * Joins two TCP sockets byte for byte: backpressure both ways, a half-close stays a half-close, a reset stays a reset,
 * and neither socket outlives the other. Both sockets must be open (the callee may still be connecting).
 */
export const relay = (caller: Socket, callee: Socket, options: RelayOptions = {}): void => {
  let failure: RelayFailure | undefined
  let open = 2
  const throughs = [pump(caller, callee, 'to-callee', options), pump(callee, caller, 'to-caller', options)]

  const watch = (side: RelayFailure['side'], socket: Socket, other: Socket): void => {
    socket.setTimeout(options.idleMs ?? 0)
    socket.on('timeout', () => {
      failure ??= { side, code: 'ETIMEDOUT' }
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= { side, code: error.code ?? 'ECONNRESET' }
      reset(other)
    })
    socket.on('close', () => {
      // Destroyed from outside, before its end: the other end must not wait for bytes that never come.
      if (!socket.readableEnded || !socket.writableFinished) other.destroy()
      open -= 1
      if (open > 0) return
      for (const through of throughs) through?.close()
      options.onClose?.(failure)
    })
  }
  watch('caller', caller, callee)
  watch('callee', callee, caller)
}

/**
 * Ends a connection with a TCP reset, which the peer reads as ECONNRESET; one still connecting is just given up. So is one
 * whose shutdown is under way: libuv refuses to reset it (EINVAL), and Node 24 would then never close its handle.
 */
export const reset = (socket: Socket): void => {
  if (socket.destroyed) return
  const shuttingDown = socket.writableEnded && !socket.writableFinished
  if (socket.connecting || shuttingDown) socket.destroy()
  else socket.resetAndDestroy()
}

const pump = (from: Socket, to: Socket, direction: Direction, options: RelayOptions): Through | undefined => {
  // Node ends the writing side by itself on FIN unless told not to, which would cut off the answer.
  from.allowHalfOpen = true
  from.setNoDelay(true)
  const sink: Sink = {
    write: chunk => {
      if (to.writable && !to.write(chunk)) from.pause()
    },
    end: () => {
      if (to.writable) to.end()
    },
    pause: () => {
      from.pause()
    },
    resume: () => {
      if (!to.writableNeedDrain) from.resume()
    },
  }
  const through = options.through?.(direction, sink)
  to.on('drain', () => {
    if (!through?.full()) from.resume()
  })
  from.on('data', through?.push ?? sink.write)
  const end = through?.end ?? sink.end
  // An end that was announced before anybody listened is not announced again.
  if (from.readableEnded) end()
  else from.on('end', end)
  from.resume()
  return through
}
