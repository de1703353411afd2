/** Work that has begun and not ended. */
export type UnderWay = {
  /** `work` must not reject. */
  add(work: Promise<void>): void
  /** Resolves when all that runs now is over, or after `mostMs`. */
  over(mostMs?: number): Promise<void>
}

export const createUnderWay = (): UnderWay => {
  const running = new Set<Promise<void>>()
  return {
    add(work) {
      running.add(work)
      void work.then(() => running.delete(work))
    },
    async over(mostMs) {
      if (running.size === 0) return
      if (mostMs === undefined) return void (await Promise.all(running))
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, mostMs)
      await Promise.race([Promise.all(running), late.promise])
      clearTimeout(timer)
    },
  }
}
