import { HopError } from '../../pki/error.ts'
import type { ControlClient, StreamHello } from './control-client.ts'
import type { ControlMessage } from './control-protocol.ts'
import { backoff, pause } from './renewal.ts'
import type { Telemetry } from './telemetry.ts'

type Parts = {
  control: ControlClient
  telemetry: Telemetry
  signal: AbortSignal
  random: () => number
  hello: () => StreamHello
  /** A stream is asked for. */
  begins: () => void
  /** None is given to whoever holds what this workload holds. */
  refused: (reason: string) => void
  obey: (message: ControlMessage) => void
}

export type ControlStream = {
  /** A stream proves the certificate it began with. After a renewal the next one is opened beside it, and replaces it. */
  startAnew(): void
  over(): Promise<unknown>
}

/**
 * Keeps the stream to the control plane open, with back-off and jitter while it is away. Two of them overlap after
 * {@link ControlStream.startAnew}, so that the control plane never loses sight of this workload; it ends the older itself.
 */
export const createControlStream = (parts: Parts): ControlStream => {
  const { control, telemetry, signal, random, hello, begins, refused, obey } = parts
  const running = new Set<Promise<void>>()
  let streams = 0
  let heard = 0

  const follow = async (mine: number) => {
    let delay = backoff.firstMs
    while (!signal.aborted && mine === streams) {
      try {
        begins()
        for await (const message of control.stream(hello(), signal)) {
          heard = Math.max(heard, mine)
          // the newer stream begins with what is trusted now: nothing late may undo that
          if (mine < heard && message.type === 'trust') continue
          delay = backoff.firstMs
          obey(message)
        }
      } catch (error) {
        if (!signal.aborted && mine === streams)
          telemetry.log.warn({ reason: String(error) }, 'stream to the control plane lost')
        if (error instanceof HopError && error.code === 'peer-refused') refused(error.message)
      }
      if (mine !== streams) return
      await pause(delay * (0.5 + random()), signal)
      delay = Math.min(delay * 2, backoff.mostMs)
    }
  }

  return {
    startAnew() {
      const stream = follow(++streams).finally(() => running.delete(stream))
      running.add(stream)
    },
    over: () => Promise.all(running),
  }
}
