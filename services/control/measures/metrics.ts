import { certificateMetrics } from './certificate-metrics.ts'
import { connectionMetrics } from './connection-metrics.ts'
import type { Metric } from './metric.ts'
import { plaintextMetrics } from './plaintext-metrics.ts'
import { trustMetrics } from './trust-metrics.ts'

/** Everything that only a view of the whole lab can measure, by name. Alerts are conditions on these. */
export const metrics = { ...certificateMetrics, ...trustMetrics, ...connectionMetrics, ...plaintextMetrics }

export type MetricName = keyof typeof metrics

/** What measures a metric. */
export const metricOf = (name: MetricName): Metric => metrics[name]
