import type { Sink, Through } from '../chassis/relay.ts'
import type { Alteration } from './alteration.ts'

/** What a tap does to one direction of one connection. */
export type FlowOptions = {
  see(chunk: Buffer): void
  end(): void
  alteration: Alteration
  delayMs: () => number
}

/** Bytes held back as the possible beginning of a match go on after this long: a sender may wait for the answer to them. */
const holdMs = 200
/** A delayed direction holds at most this much before it stops reading. */
const maxQueued = 1024 * 1024

type Waiting = { chunk: Buffer | undefined; due: boolean; timer: NodeJS.Timeout }

/** Sees, alters and delays what passes, in this order. A delay moves bytes later, never out of order. */
export const createFlow = ({ see, end, alteration, delayMs }: FlowOptions, sink: Sink): Through => {
  const queue: Waiting[] = []
  let queued = 0
  let hold: NodeJS.Timeout | undefined
  const full = (): boolean => queued >= maxQueued

  const deliver = (chunk: Buffer | undefined): void => {
    if (chunk) sink.write(chunk)
    else sink.end()
  }
  const deliverDue = (): void => {
    const wasFull = full()
    while (queue[0]?.due) {
      const { chunk } = queue.shift()!
      queued -= chunk?.length ?? 0
      deliver(chunk)
    }
    if (wasFull && !full()) sink.resume()
  }
  const forward = (chunk: Buffer | undefined): void => {
    if (chunk?.length === 0) return
    const ms = delayMs()
    if (ms === 0 && queue.length === 0) {
      deliver(chunk)
      return
    }
    const wait = (): void => {
      waiting.due = true
      deliverDue()
    }
    const waiting: Waiting = { chunk, due: false, timer: setTimeout(wait, ms) }
    queue.push(waiting)
    queued += chunk?.length ?? 0
    if (full()) sink.pause()
  }
  return {
    push(chunk) {
      clearTimeout(hold)
      see(chunk)
      forward(alteration.push(chunk))
      if (alteration.holding()) hold = setTimeout(() => forward(alteration.flush()), holdMs)
    },
    end() {
      clearTimeout(hold)
      end()
      forward(alteration.flush())
      forward(undefined)
    },
    full,
    close() {
      clearTimeout(hold)
      for (const { timer } of queue) clearTimeout(timer)
    },
  }
}
