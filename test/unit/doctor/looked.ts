import type { Looked, Report } from '../../../scenarios/doctor/finding.ts'
import type { HeldCertificate } from '../../../services/chassis/observation.ts'
import { defaultSwitches } from '../../../services/control/rollout/switches.ts'
import { readTopology } from '../../../services/topology/file.ts'
import { topologyFile } from '../../support/lab.ts'

const shop = readTopology(topologyFile('shop'))

export const now = Date.parse('2026-11-22T12:00:00Z')
export const anHour = 3600_000
export const root = 'aa'.repeat(20)
export const ca = 'bb'.repeat(20)
const publicCa = 'cc'.repeat(20)
const iso = (ms: number) => new Date(ms).toISOString()

export const authorities: Looked['trust']['authorities'] = [
  { id: root, kind: 'root', active: true, trusted: true, root, notAfter: now + 8760 * anHour },
  { id: ca, kind: 'workloads', active: true, trusted: true, root, notAfter: now + 2000 * anHour },
  { id: publicCa, kind: 'public', active: true, trusted: true, root, notAfter: now + 2000 * anHour },
]

export const listsOf = (nextUpdate: number) =>
  authorities.map(({ id: issuer }) => ({
    issuer,
    number: 7,
    thisUpdate: iso(nextUpdate - 24 * anHour),
    nextUpdate: iso(nextUpdate),
  }))

export const heldBy = (workload: string): HeldCertificate => ({
  ...{
    kind: 'workload',
    name: `spiffe://hop.lab/${workload}`,
    key: `key of ${workload}`,
    serial: `serial of ${workload}`,
  },
  ...{ notBefore: iso(now - anHour), notAfter: iso(now + 23 * anHour), issuer: ca },
})

export const reportOf = (workload: string, more: Partial<Report> = {}): Report => ({
  ...{
    workload,
    connections: [],
    requests: [],
    keyLog: [],
    cursor: 1,
    asked: now - 5,
    answered: now,
    clock: iso(now - 2),
  },
  held: [heldBy(workload)],
  trust: { version: 7, roots: [root], crls: listsOf(now + 12 * anHour) },
  renewals: [],
  ...more,
})

const names = Object.keys(shop.workloads)

/** A shop in which all is well. */
export const healthy = (): Looked => ({
  now,
  topology: shop,
  switches: defaultSwitches(shop),
  state: {
    ...{
      topology: 'shop',
      mode: 'mtls',
      rollout: null,
      rotation: null,
      breakGlass: null,
      settled: true,
      switched: {},
      lifetimes: { workloadMs: anHour, publicMs: anHour },
      bundle: '',
    },
    hops: [],
    workloads: names.map(name => ({
      ...{ name, id: `spiffe://hop.lab/${name}`, address: null, version: 1, acked: 1, connected: true, keyLog: false },
      dialsFrom: [],
      trust: { version: 7, current: true },
    })),
  },
  trust: {
    ...{ version: 7, publishedAt: now - anHour, authorities, rotation: null },
    workloads: Object.fromEntries(names.map(name => [name, { version: 7, ok: true, at: now - anHour, drained: true }])),
  },
  certificates: names.map(name => ({
    ...{ serial: `serial of ${name}`, kind: 'workload' as const, name: `spiffe://hop.lab/${name}`, at: now - anHour },
    ...{ notAfter: now + 23 * anHour, revokedAt: null, reason: null, issuer: ca, by: 'enrol' as const },
  })),
  reports: Object.fromEntries(names.map(name => [name, reportOf(name)])),
  gate: { topology: 'shop', mode: 'mtls', since: null, probe: '201', passed: true, away: [], findings: [] },
  interfered: [],
})
