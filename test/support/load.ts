import type { createPublicClient } from './lab.ts'

/** Requests that were answered with 201, and everything else that happened to one. */
export type Tally = { answered: number; lost: unknown[] }

/** Keeps `workers` requests in flight until stopped. Nothing is retried: what goes wrong is counted. */
export const startLoad = (client: Awaited<ReturnType<typeof createPublicClient>>, workers = 8) => {
  const tally: Tally = { answered: 0, lost: [] }
  let running = true
  const work = async () => {
    while (running) {
      try {
        const { status, body } = await client.send()
        if (status === 201) tally.answered++
        else tally.lost.push({ status, body })
      } catch (error) {
        tally.lost.push({ code: (error as { code?: string }).code, message: String(error) })
      }
    }
  }
  const done = Promise.all(Array.from({ length: workers }, work))
  return {
    tally,
    /** Resolves when `count` more were answered, or at the first loss. */
    async more(count: number) {
      const goal = tally.answered + count
      while (tally.answered < goal && tally.lost.length === 0) await new Promise(setImmediate)
    },
    async stop(): Promise<Tally> {
      running = false
      await done
      return tally
    },
  }
}
