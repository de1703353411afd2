/** Sustained requests a second and how many may come at once, for each client address. */
export type Rate = { perSecond: number; burst: number }

export type RateLimit = {
  /** Takes one token; answers the seconds to wait when there is none. */
  take(client: string): number
}

const mostClients = 10_000

/** A token bucket for each client address. The oldest bucket goes when there are too many, so memory is bounded. */
export const createRateLimit = ({ perSecond, burst }: Rate, now: () => number = () => performance.now()): RateLimit => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take(client) {
      const at = now()
      const bucket = buckets.get(client) ?? { tokens: burst, at }
      buckets.delete(client)
      buckets.set(client, bucket)
      if (buckets.size > mostClients) buckets.delete(buckets.keys().next().value!)
      bucket.tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * perSecond)
      bucket.at = at
      if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond)
      bucket.tokens--
      return 0
    },
  }
}
