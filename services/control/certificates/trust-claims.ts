import { HopError } from '../../../pki/error.ts'

/**
 * How often a workload is believed that it holds newer trust than is given out, which has everybody told anew: an older
 * state that was put back needs it once. Whoever says so again and again is lying, or out of his mind.
 */
export type TrustClaims = {
  /** One more of this workload. Throws `trust-claims` beyond what is believed; it may come back later. */
  believe(workload: string): void
}

const most = 3
const withinMs = 60_000

export const createTrustClaims = (clock: () => number): TrustClaims => {
  const believed = new Map<string, number[]>()
  return {
    believe(workload) {
      const now = clock()
      // a clock that was set back makes no claim of the past count
      const recent = (believed.get(workload) ?? []).filter(at => at <= now && at > now - withinMs)
      believed.set(workload, recent)
      if (recent.length >= most)
        throw new HopError('trust-claims', {
          field: 'trust',
          expected: `at most ${most} claims a minute to hold newer trust than is given out`,
          found: `one more of ${workload}`,
          remedy: 'Enrol it anew (hop reenrol), or find out why it says so: nobody else can have given it that',
        })
      recent.push(now)
    },
  }
}
