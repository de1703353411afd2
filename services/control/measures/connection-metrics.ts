import { type Handshake, handshakesOn } from './handshakes.ts'
import type { Metric } from './metric.ts'

/** So long ago may the last try have been that a link still counts as failing, ms. */
const windowMs = 300_000

/** What goes over the links, and who is there at all. */
export const connectionMetrics = {
  hop_handshake_failures_in_a_row: {
    help: 'Handshakes on a link that failed since one succeeded, within five minutes',
    measure(seen) {
      const byLink = Map.groupBy(handshakesOn(seen.topology, seen.reports), ({ link }) => link)
      return [...byLink].map(([link, all]) => {
        const recent = all.filter(({ at }) => seen.now - Date.parse(at) < windowMs)
        const failed = recent.slice(recent.findLastIndex(({ cause }) => cause === undefined) + 1)
        const [first] = failed
        return {
          labels: { link, ...lastCause(failed) },
          value: failed.length,
          ...(first ? { since: () => Date.parse(first.at) } : {}),
        }
      })
    },
  },
  hop_link_verified: {
    help: '0 where a caller was told not to check who answers on a link, else 1',
    measure: ({ hops }) => hops.map(({ link, verify }) => ({ labels: { link }, value: verify ? 1 : 0 })),
  },
  hop_clock_skew_seconds: {
    help: "How far a workload's clock is ahead of the watcher's, in seconds",
    measure: ({ reports, now }) =>
      Object.values(reports).flatMap(({ workload, clock }) =>
        clock === undefined ? [] : [{ labels: { workload }, value: (Date.parse(clock) - now) / 1000 }],
      ),
  },
  hop_workload_reports: {
    help: '0 where a workload has no stream to the control plane, or does not answer over it, else 1',
    measure: ({ workloads, reports }) =>
      workloads.map(({ name, connected }) => ({
        labels: { workload: name },
        value: connected && reports[name] ? 1 : 0,
      })),
  },
} satisfies Record<string, Metric>

const lastCause = (failed: readonly Handshake[]): { cause: string; seen_by: string } => {
  const last = failed.at(-1)
  return { cause: last?.cause ?? 'none', seen_by: last?.seenBy ?? 'nobody' }
}
