import { connectionCounts, openedConnections } from './metrics-connections.ts'
import { heldFamilies } from './metrics-held.ts'
import { createRegistry } from './metrics-registry.ts'
import { requestCounts } from './metrics-requests.ts'
import { metricsText } from './metrics-text.ts'
import type { Observations } from './observation.ts'
import type { Telemetry } from './telemetry.ts'

/** What one workload counts since it started; made into text when somebody asks. */
export type WorkloadMetrics = {
  /** The same telemetry, counted as it comes by. */
  measured(telemetry: Telemetry): Telemetry
  /** All of it in Prometheus' text format, with what the workload holds now. */
  text(now: Observations): string
}

/**
 * Names and labels are those of OpenTelemetry's semantic conventions where it has some (HTTP), as Prometheus writes them;
 * what is this project's own begins with `hop_`. `namespace`: of the services that belong together; `most`: series that one
 * metric may have.
 */
export const createMetrics = (namespace: string, most?: number): WorkloadMetrics => {
  const registry = createRegistry(most)
  const opened = openedConnections(registry)
  const connection = connectionCounts(registry, opened)
  const request = requestCounts(registry, opened)
  return {
    measured: telemetry => ({
      ...telemetry,
      connection(record) {
        connection.came(record)
        const end = telemetry.connection(record)
        return over => {
          connection.over(record, over)
          end(over)
        }
      },
      request(record, trace) {
        request(record, trace?.calls)
        telemetry.request(record, trace)
      },
    }),
    text: now => metricsText([...registry.families(), ...heldFamilies(now, namespace)]),
  }
}
