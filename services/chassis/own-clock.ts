/** What a workload takes the time to be, ms since 1970: its machine's clock, shifted where an experiment wants it so. */
export type OwnClock = {
  now(): number
  /** From now on so many ms ahead (or, below zero, behind). True where that is a change. */
  shift(offsetMs: number): boolean
}

export const createOwnClock = (machine: () => number = Date.now): OwnClock => {
  let offset = 0
  return {
    now: () => machine() + offset,
    shift(offsetMs) {
      const changed = offsetMs !== offset
      offset = offsetMs
      return changed
    },
  }
}
