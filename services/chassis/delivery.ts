import { backoff, pause } from './renewal.ts'
import type { Telemetry } from './telemetry.ts'

/** Tells the control plane something it waits for. Resolves when it is told, no longer due, or given up. */
export type Deliver = (send: () => Promise<void>, due: () => boolean, what: object) => Promise<void>

/** Again and again with back-off and jitter, for as long as it is due: an acknowledgement that is lost is nobody's failure. */
export const createDelivery =
  (telemetry: Telemetry, signal: AbortSignal, random: () => number): Deliver =>
  async (send, due, what) => {
    for (let delay = backoff.firstMs; !signal.aborted && due(); delay *= 2) {
      try {
        return await send()
      } catch (error) {
        telemetry.log.warn({ ...what, reason: String(error) }, 'acknowledgement not delivered')
      }
      if (delay > backoff.mostMs) return
      await pause(delay * (0.5 + random()), signal)
    }
  }
