import { createMetrics } from '../services/chassis/metrics.ts'
import type { CallRecord, Observations, RequestRecord } from '../services/chassis/observation.ts'
import { noTelemetry } from '../services/chassis/telemetry.ts'

/** CPU time of counting alone, in µs: for a request, for one with a call onwards, for one scrape. */
export type CountingCost = { request: number; withCall: number; scrape: number }

const record = (i: number) =>
  ({
    ...{ at: '', requestId: 'r', traceId: 't', spanId: 's', path: '/orders/7', status: 200, durationMs: (i % 50) / 10 },
    ...{ connection: 'c', transport: 'mtls', nth: 5, callerBy: 'certificate', rule: 'gateway:orders', cursor: i },
    ...{ method: i & 1 ? 'GET' : 'POST', route: i & 1 ? '/orders/*' : '/orders', caller: 'spiffe://hop.lab/gateway' },
  }) as RequestRecord

const call = { link: 'orders:payments', method: 'POST', status: 201, durationMs: 2.3, nth: 4 } as CallRecord

/** The least of many rounds: what else runs on the machine can only add to it. */
const least = (work: () => void, times: number, rounds = 30): number => {
  let found = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) work()
    const { user, system } = process.cpuUsage(before)
    found = Math.min(found, (user + system) / times)
  }
  return found
}

export const countingCost = (): CountingCost => {
  const metrics = createMetrics('bench')
  const telemetry = metrics.measured({ ...noTelemetry(), request() {} })
  const records = Array.from({ length: 64 }, (_, i) => record(i))
  const trace = { began: 0, calls: [call] }
  const nothing: Observations = { workload: 'edge', connections: [], requests: [], keyLog: [], held: [], cursor: 0 }
  let i = 0
  return {
    request: least(() => telemetry.request(records[i++ & 63]!), 100_000),
    withCall: least(() => telemetry.request(records[i++ & 63]!, trace), 100_000),
    scrape: least(() => void metrics.text(nothing), 1_000),
  }
}
