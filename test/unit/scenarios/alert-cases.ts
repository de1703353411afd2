import type { ConnectionRecord, Observations } from '../../../services/chassis/observation.ts'
import type { Seen } from '../../../services/control/measures/metric.ts'
import { linkIds } from '../../../services/hops.ts'
import { readTopology } from '../../../services/topology/file.ts'

export const topology = readTopology('topologies/shop.yaml')

/** When the watcher looks, ms since the epoch. */
export const now = Date.parse('2026-03-01T12:00:00Z')

export const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString()

/** A workload's certificate, issued so many seconds ago for so long; its notBefore a minute before that. */
export const heldBy = (workload: string, ageS = 60, lifetimeS = 3600) => ({
  ...{ kind: 'workload' as const, name: `spiffe://hop.lab/${workload}`, key: `key-${workload}`, serial: workload },
  ...{ notBefore: at(ageS + 60), notAfter: at(ageS - lifetimeS), issuer: 'ca' },
})

/** What the ledger has about {@link heldBy}. */
export const rowOf = (workload: string, ageS = 60, lifetimeS = 3600) => ({
  ...{ serial: workload.toUpperCase(), kind: 'workload' as const, name: `spiffe://hop.lab/${workload}` },
  ...{ at: now - ageS * 1000, notAfter: now - (ageS - lifetimeS) * 1000, revokedAt: null, reason: null },
  ...{ issuer: 'ca', by: 'enrol' as const },
})

/** Revocation lists that everybody has, published a minute ago. */
const trust = (version = 7) => ({
  ...{ version, roots: ['root'] },
  crls: ['root', 'ca'].map(issuer => ({ issuer, number: version, thisUpdate: at(120), nextUpdate: at(-3600) })),
})

export const reportOf = (workload: string, more: Partial<Observations> = {}): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], cursor: 1 },
  ...{ held: [heldBy(workload)], clock: at(0), trust: trust(), renewals: [] },
  ...more,
})

/** A connection on a link as one of its ends recorded it. */
export const connection = (of: Partial<ConnectionRecord>): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'client', at: at(10) },
  ...of,
})

export const failure = (name: string) => ({ failure: { name, code: name.toUpperCase() } })

/** A lab in mtls in which nothing is wrong, with these reports in the place of the usual ones. */
export const healthy = (reports: Observations[] = [], more: Partial<Seen> = {}): Seen => {
  const names = Object.keys(topology.workloads)
  const other = new Map(reports.map(report => [report.workload, report]))
  return {
    ...{ topology, mode: 'mtls', now, renewal: {}, rollout: null, breakGlass: null },
    reports: Object.fromEntries(names.map(name => [name, other.get(name) ?? reportOf(name)])),
    workloads: names.map(name => ({ name, connected: true })),
    hops: linkIds(topology).map(link => ({ link, verify: true })),
    trust: {
      ...{ version: 7, publishedAt: now - 60_000, rotation: null },
      authorities: (['root', 'workloads'] as const).map(kind => ({
        ...{
          id: kind === 'root' ? 'root' : 'ca',
          kind,
          active: true,
          trusted: true,
          root: 'root',
          notAfter: now + 1e9,
        },
      })),
      workloads: Object.fromEntries(
        names.map(name => [name, { version: 7, ok: true, at: now - 59_000, drained: true }]),
      ),
    },
    certificates: names.map(name => rowOf(name)),
    ...more,
  }
}
