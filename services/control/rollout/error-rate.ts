import type { ConnectionRecord, Observations, RequestRecord } from '../../chassis/observation.ts'
import type { RolloutGuard } from './guard-settings.ts'

/** How many there were, and how many of them failed. */
type Count = { seen: number; failed: number }

/** What went well and what did not since a step began. `causes`: how often, by failure and link. */
export type ErrorTally = { requests: Count; handshakes: Count; causes: Map<string, Count & Cause> }

type Cause = { failure: string; link: string }

/** The share that failed, of what, and what most often on which link. */
export type Breach = Count & Cause & { of: 'requests' | 'handshakes'; rate: number }

export const noErrors = (): ErrorTally => ({
  requests: { seen: 0, failed: 0 },
  handshakes: { seen: 0, failed: 0 },
  causes: new Map(),
})

/**
 * Adds what workloads reported to a tally. A request counts once, where it came in: whoever passed it on has failed with it.
 * Handshakes are those that workloads began, so that no stranger can drive them up.
 */
export const countErrors = (tally: ErrorTally, reports: readonly Observations[]): void => {
  for (const { workload, requests, connections } of reports) {
    const lost = connections.filter(({ side, failure }) => side === 'client' && failure !== undefined)
    for (const request of requests) {
      const { failure, upstream, parentSpanId } = request
      if (parentSpanId === undefined) count(tally.requests, hasFailed(request))
      // where a connection failed for the same reason, it is the one that knows the link
      const known = lost.find(connection => connection.failure?.name === failure?.name)?.link ?? upstream
      if (hasFailed(request) && failure) blame(tally, { failure: failure.name, link: known ?? workload })
    }
    for (const { side, link = workload, failure, transport } of connections) {
      if (side !== 'client' || transport === 'plaintext') continue
      count(tally.handshakes, isRefused(failure))
      if (failure && isRefused(failure)) blame(tally, { failure: failure.name, link })
    }
  }
}

/** Too many, where there are enough to tell. */
export const breachOf = (
  { requests, handshakes, causes }: ErrorTally,
  { errorRate, atLeast }: RolloutGuard,
): Breach | undefined => {
  const [worst = { failure: 'a status of 500 or above', link: 'a link that nobody named' }] = [...causes.values()].sort(
    (a, b) => b.failed - a.failed,
  )
  const { failure, link } = worst
  for (const [of, { seen, failed }] of Object.entries({ requests, handshakes })) {
    const rate = failed / Math.max(seen, 1)
    if (seen >= atLeast && rate > errorRate) return { of: of as Breach['of'], seen, failed, rate, failure, link }
  }
  return undefined
}

const count = (of: Count, failed: boolean): void => {
  of.seen++
  if (failed) of.failed++
}

const blame = ({ causes }: ErrorTally, cause: Cause): void => {
  const key = `${cause.failure} ${cause.link}`
  const known = causes.get(key) ?? { ...cause, seen: 0, failed: 0 }
  count(known, true)
  causes.set(key, known)
}

/** A client that went away before its answer says nothing about the lab. */
const hasFailed = ({ status, failure }: RequestRecord): boolean =>
  failure?.name !== 'client-gone' && (status >= 500 || failure !== undefined)

/** A connection that merely ended is not one that was refused; what it cost a request is counted there. */
const isRefused = (failure: ConnectionRecord['failure']): boolean =>
  failure !== undefined && failure.name !== 'connection-closed'
