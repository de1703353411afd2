import type { ApplicationRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import { isInner } from './hops.ts'
import { median } from './median.ts'
import { readUntil } from './patience.ts'

/** A hop that ends at a sidecar: its callee's program knows plaintext only. */
export const endsAtSidecar = (hop: Hop, { workloads }: Topology): boolean =>
  isInner(hop) && workloads[hop.link.callee]!.sidecar

/** What a workload saw since, once its application has told of the request in this span; as it is after a little patience. */
export const reportWithSpan = (
  lab: LabClient,
  workload: string,
  since: number,
  spanId: string | undefined,
): Promise<Observations> =>
  readUntil(
    () => lab.report(workload, since),
    report => gotBehind(report, spanId) !== undefined,
  )

/** The application's own account of one of its sidecar's requests; undefined where it never got it. */
export const gotBehind = (report: Observations, spanId: string | undefined): ApplicationRecord | undefined =>
  report.application?.find(record => record.spanId === spanId)

/** What the way between sidecar and application costs: the median, in ms, of `requests` that both have recorded. */
export type Price = { requests: number; medianMs: number }

export const priceOf = ({ requests, application = [] }: Pick<Observations, 'requests' | 'application'>): Price => {
  const inside = new Map(application.map(({ spanId, durationMs }) => [spanId, durationMs]))
  const added = requests.flatMap(({ spanId, durationMs }) =>
    inside.has(spanId) ? [durationMs - inside.get(spanId)!] : [],
  )
  return { requests: added.length, medianMs: median(added) }
}

/** The request in the application's words. */
export const received = (
  workload: string,
  { method, path, encrypted, remoteAddress }: ApplicationRecord,
): Evidence => ({
  ...{ kind: 'request', title: `what the application of ${workload} received`, where: workload },
  text: `${method} ${path} ${encrypted ? 'over TLS' : 'in plaintext'} from ${remoteAddress}`,
})
