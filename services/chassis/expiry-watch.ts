/** A clock may be set, and a machine be asleep: it is looked again at least so often, ms. */
const atLeastEveryMs = 60_000

/** Knows when the first of many things ends. */
export type ExpiryWatch = {
  /** Something ends at `time` (ms, by the watch's clock). */
  until(time: number): void
  /** Looks at everything now: after the clock was set. */
  look(): void
  close(): void
}

/** One timer for many ends. `expire` is called when one is due: it sees to all that are past at `now`, and answers the others. */
export const createExpiryWatch = (clock: () => number, expire: (now: number) => readonly number[]): ExpiryWatch => {
  let timer: NodeJS.Timeout | undefined
  let armedFor = Number.POSITIVE_INFINITY
  let closed = false

  const arm = (time: number) => {
    if (closed || time >= armedFor) return
    clearTimeout(timer)
    armedFor = time
    // never a moment too early: it would be too early for everything
    timer = setTimeout(look, Math.max(0, Math.min(time - clock() + 1, atLeastEveryMs)))
    timer.unref()
  }

  function look() {
    armedFor = Number.POSITIVE_INFINITY
    clearTimeout(timer)
    const next = Math.min(...expire(clock()))
    if (next < Number.POSITIVE_INFINITY) arm(next)
  }

  return {
    until: arm,
    look,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
