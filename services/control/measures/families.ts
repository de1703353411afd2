import type { Family } from '../../chassis/metrics-text.ts'
import type { Metric, Seen } from './metric.ts'
import { metrics } from './metrics.ts'

/** What was seen of the whole lab, as a scrape of the control plane tells it. */
export const labFamilies = (seen: Seen): Family[] => [
  gauge('hop_mode_info', 'The mode the lab is in', [{ labels: { mode: seen.mode }, value: 1 }]),
  ...Object.entries<Metric>(metrics).map(([name, { help, measure }]) => gauge(name, help, measure(seen))),
]

const gauge = (name: string, help: string, samples: Family['samples']): Family => ({
  ...{ name, help, type: 'gauge' },
  samples,
})
