import type { Transport } from '../../chassis/transport.ts'

/** One link relaxed for a while. On disk before anybody is told; times in ms since the epoch. */
export type BreakGlass = {
  id: string
  link: string
  /** What the link goes by meanwhile. */
  transport: Transport
  reason: string
  at: number
  /** When everybody concerned goes back by himself, whether or not the control plane is there. */
  until: number
}

/** Who ended it: an operator before its time, or its time. */
export type EndedBy = 'operator' | 'itself'

/**
 * How far it is. The callee is told first and the last to go back, so that the caller always meets somebody who takes
 * what he sends: `opening` callee, `open` callee and caller, `closing` callee alone again.
 */
export type BreakGlassRow = BreakGlass & ({ phase: 'opening' | 'open' } | { phase: 'closing'; by: EndedBy })

/** So much longer the callee takes what the caller no longer sends: what is under way then is answered. */
export const calleeGraceMs = 1_000
