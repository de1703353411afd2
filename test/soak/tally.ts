/** How a request was sent: over a kept-alive public connection, a new one, or along an inner mTLS link. */
export type Kind = 'kept' | 'fresh' | 'inner'

/** A request that was not answered as it should be: when (ms since the start), how, and what was going on. */
export type Loss = { at: number; kind: Kind; code: string; message: string; during: string }

export type Tally = {
  answered: Record<Kind, number>
  total(): number
  lost: Loss[]
  /** What goes on now, for whoever loses a request meanwhile. */
  during: string
  lose(kind: Kind, error: unknown): void
}

export const createTally = (began = performance.now()): Tally => {
  const tally: Tally = {
    answered: { kept: 0, fresh: 0, inner: 0 },
    total: () => tally.answered.kept + tally.answered.fresh + tally.answered.inner,
    lost: [],
    during: 'nothing yet',
    lose(kind, error) {
      const { code = 'no-code', message = String(error) } = (error ?? {}) as { code?: string; message?: string }
      const at = Math.round(performance.now() - began)
      tally.lost.push({ at, kind, code, message: message.slice(0, 300), during: tally.during })
    },
  }
  return tally
}

/** An answer that came, and is not the one asked for. */
export const wrongAnswer = (status: number, body: string): Error =>
  Object.assign(new Error(`${status} ${body}`), { code: `status-${status}` })
