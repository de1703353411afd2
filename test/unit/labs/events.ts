import type { Events } from '../../../labs/events.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { readTopology } from '../../../services/topology/file.ts'

/** A lab in which nothing has happened yet. */
export const nothing = (): Events => ({
  topology: readTopology('topologies/shop.yaml'),
  state: {
    ...{ topology: 'shop', mode: 'mtls', rollout: null, rotation: null, breakGlass: null, settled: true, hops: [] },
    ...{ switched: {}, lifetimes: { workloadMs: 1, publicMs: 1 }, bundle: '' },
    workloads: ['edge', 'gateway', 'orders', 'payments', 'inventory', 'shipping'].map(name => ({
      ...{ name, id: `spiffe://hop.lab/${name}`, address: null, version: 1, acked: 1, connected: true, keyLog: false },
      dialsFrom: [],
      trust: { version: 1, current: true },
    })),
  },
  switches: {
    ...{ l7: {}, policy: { kind: 'least-privilege' }, proxyProtocol: 'edge', logPipelines: {}, renewal: {} },
    ...{ revocation: { lists: 'renewed', failure: 'hard-fail' }, trustWithheld: [], clocks: {} },
    tls: { minVersion: 'TLSv1.2', suites: [], keyType: 'p256' },
  },
  audit: [],
  reports: {},
  verdicts: [],
  wire: {},
  faults: [],
})

const report = (workload: string, connections: ConnectionRecord[], requests: RequestRecord[]): Observations => ({
  ...{ workload, connections, requests, keyLog: [], held: [], cursor: 9 },
})

/** A connection and, where there is one, its request, as a workload recorded them. */
export const recorded = (
  workload: string,
  connection: Partial<ConnectionRecord>,
  request?: Partial<RequestRecord>,
): Pick<Events, 'reports'> => ({
  reports: {
    [workload]: report(
      workload,
      [{ cursor: 1, id: 'c1', side: 'server', at: '2026-01-01T00:00:00.000Z', ...connection }],
      request
        ? [
            {
              ...{ cursor: 1, at: '2026-01-01T00:00:00.000Z', requestId: 'r', traceId: 't', spanId: 's' },
              ...{ method: 'POST', path: '/charges', status: 201, durationMs: 1, connection: 'c1', callerBy: 'nobody' },
              ...request,
            },
          ]
        : [],
    ),
  },
})
