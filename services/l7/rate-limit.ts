import { isIPv6 } from 'node:net'
import { ipBytes } from '../chassis/ip-bytes.ts'

/** Sustained requests a second and how many may come at once, for each client address. */
export type Rate = { perSecond: number; burst: number }

/** Far above what one honest client needs. */
export const defaultRate: Rate = { perSecond: 2000, burst: 4000 }

export type RateLimit = {
  /** Takes one token at the rate in force now; answers the seconds to wait when there is none. Another rate begins afresh. */
  take(address: string, rate: Rate): number
}

const mostClients = 10_000

/** Whose bucket it is: of an IPv6 client the first 64 bits, for in the others he may choose (RFC 4291 §2.5.4). */
const keyOf = (address: string): string =>
  address.includes(':') && isIPv6(address) ? ipBytes(address).toString('hex', 0, 8) : address

/**
 * A token bucket for each client address. The oldest bucket goes when there are too many, so memory is bounded.
 * @fastify/rate-limit, which guards the control plane's API, counts in fixed windows: it would let two bursts through
 * around the end of one, and each request would wait for its promises.
 */
export const createRateLimit = (now: () => number = () => performance.now()): RateLimit => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  let inForce: Rate = { perSecond: 0, burst: 0 }
  return {
    take(address, rate) {
      const client = keyOf(address)
      const { perSecond, burst } = rate
      if (rate !== inForce) {
        if (perSecond !== inForce.perSecond || burst !== inForce.burst) buckets.clear()
        inForce = rate
      }
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
