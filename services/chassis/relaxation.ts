import type { Desired } from './desired.ts'

/** Longer than any relaxation lasts: a clock that is far behind makes none of it last longer, ms. */
const longestMs = 3_601_000

export type Relaxation = {
  /**
   * What to go by now: a state that is not relaxed as it is, a relaxed one until its time, and what comes afterwards where
   * that is over. What was to come after an earlier state no longer does.
   */
  take(desired: Desired): Desired
  close(): void
}

/**
 * Break-glass ends by itself: whoever was told to be less strict for a while goes back when his own clock says so, with no
 * word from the control plane. `over` is given the state that comes afterwards, under the same version: none that is older
 * can bring the relaxed one back.
 */
export const createRelaxation = (clock: () => number, over: (afterwards: Desired) => void): Relaxation => {
  let timer: NodeJS.Timeout | undefined
  return {
    take(desired) {
      clearTimeout(timer)
      const { relaxed, version } = desired
      if (!relaxed) return desired
      const afterwards = { ...relaxed.afterwards, version }
      const left = Date.parse(relaxed.until) - clock()
      // a time that cannot be read is over
      if (!(left > 0)) return afterwards
      timer = setTimeout(() => over(afterwards), Math.min(left, longestMs))
      timer.unref()
      return desired
    },
    close: () => clearTimeout(timer),
  }
}
