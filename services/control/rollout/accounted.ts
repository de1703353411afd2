import { setOff } from '../../chassis/call-watch.ts'
import type { Observations, RequestRecord } from '../../chassis/observation.ts'
import type { Topology } from '../../topology/topology.ts'

/** What callers are looked up in: their own records, by workload. */
export type Accounts = { topology: Topology; reports: Record<string, Observations> }

/**
 * The workload whose own records have one of the requests that were made to `callee`: a stated name alone is anybody's.
 * Undefined where no workload accounts for any of them; what its records no longer hold is granted to it.
 */
export const accountedCaller = (
  callee: string,
  requests: readonly RequestRecord[],
  { topology, reports }: Accounts,
): string | undefined =>
  topology.links.find(
    ({ id, caller, callee: to }) =>
      to === callee &&
      requests.some(
        request =>
          request.rule === id && (isAccounted(reports[caller], request) || isForgotten(reports[caller], request.at)),
      ),
  )?.caller

// asked for every connection of every callee: without an index that is thousands times thousands
const indexes = new WeakMap<readonly RequestRecord[], Map<string, RequestRecord[]>>()

const isAccounted = (report: Observations | undefined, request: RequestRecord): boolean => {
  if (!report) return false
  const index = indexes.get(report.requests) ?? Map.groupBy(report.requests, ({ traceId }) => traceId)
  indexes.set(report.requests, index)
  return index.get(request.traceId)?.some(made => setOff(made, request)) ?? false
}

/** Records are kept in rings: what is older than the oldest of a full one may have been there. */
const isForgotten = (report: Observations | undefined, at: string): boolean =>
  report !== undefined && report.requests.length >= ringSize && (report.requests[0]?.at ?? '') > at

const ringSize = 2000

/** What was read first, and what each has recorded since: to look again without reading everything again. */
export const withLater = (
  first: Record<string, Observations>,
  later: Record<string, Observations>,
): Record<string, Observations> =>
  Object.fromEntries(
    Object.entries(later).map(([name, report]) => [
      name,
      { ...report, requests: [...(first[name]?.requests ?? []), ...report.requests] },
    ]),
  )

/** Where to go on reading after these. */
export const endsOf = (reports: Record<string, Observations>): Record<string, number> =>
  Object.fromEntries(Object.entries(reports).map(([name, { cursor }]) => [name, cursor]))
