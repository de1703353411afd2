import { spiffeId } from '../../../pki/spiffe.ts'
import { bySerial, lifeOf, used } from './life.ts'
import type { Metric, Sample, Seen } from './metric.ts'

/** What workloads hold, and whether it is renewed. */
export const certificateMetrics = {
  hop_certificate_used_ratio: {
    help: 'Share of the time between issue and expiry that has passed, of a certificate held',
    measure(seen) {
      const rows = bySerial(seen)
      const held = reported(seen).flatMap(({ workload, held }) =>
        held.map(one => used(lifeOf(one, rows), seen.now, { workload, kind: one.kind, name: one.name })),
      )
      return [...held, ...silent(seen).flatMap(workload => lastIssued(seen, workload))]
    },
  },
  hop_renewal_failures_in_a_row: {
    help: 'Renewals of a certificate that failed since one was loaded',
    measure: seen =>
      reported(seen).flatMap(({ workload, renewals = [] }) =>
        renewals.map(({ kind, name, failures, failure }) => ({
          labels: { workload, kind, name, cause: failure?.name ?? 'none' },
          value: failures,
        })),
      ),
  },
  hop_renewal_not_loaded: {
    help: '1 where a renewed certificate came and was not taken into use, else 0',
    measure: seen =>
      reported(seen).flatMap(({ workload, renewals = [] }) =>
        renewals.map(({ kind, name, at, serial, failure }) => ({
          labels: { workload, kind, name, cause: failure?.name ?? 'none' },
          value: serial !== undefined && failure !== undefined ? 1 : 0,
          since: () => Date.parse(at),
        })),
      ),
  },
  hop_renewal_enabled: {
    help: '0 where a workload was told not to renew by itself, else 1',
    measure: ({ topology, renewal }) =>
      Object.keys(topology.workloads).map(workload => ({
        labels: { workload },
        value: (renewal[workload]?.on ?? true) ? 1 : 0,
      })),
  },
} satisfies Record<string, Metric>

/** Who does not report may be silent because his certificate has expired: the last one issued to him tells. */
const lastIssued = (seen: Seen, workload: string): Sample[] => {
  const name = spiffeId(seen.topology.trustDomain, workload)
  const rows = seen.certificates.filter(one => one.name === name && one.by !== 'experiment')
  const row = rows.findLast(({ revokedAt }) => !revokedAt)
  // a later one, revoked since, is what it held at its end: then it is out, not out of date
  const outlived = row && rows.some(({ at }) => at > row.notAfter)
  return row && !outlived
    ? [used({ from: row.at, to: row.notAfter }, seen.now, { workload, kind: row.kind, name })]
    : []
}

const silent = ({ topology, reports }: Seen): string[] => Object.keys(topology.workloads).filter(name => !reports[name])

const reported = ({ reports }: Seen) => Object.values(reports)
