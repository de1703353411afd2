import type { Sample, Seen } from '../../services/control/measures/metric.ts'
import { type MetricName, metricOf } from '../../services/control/measures/metrics.ts'
import type { Comparison, Condition, Firing } from './alert.ts'
import { conditions } from './conditions.ts'

/** Which conditions are met, the critical ones first. Pure: it looks at nothing but what was seen. */
export const evaluate = (seen: Seen, table: readonly Condition<MetricName>[] = conditions): Firing[] =>
  table
    .flatMap(condition =>
      metricOf(condition.metric)
        .measure(seen)
        .flatMap(sample => fired(condition, sample, seen.now)),
    )
    .sort((a, b) => rank[a.severity] - rank[b.severity])

const rank = { critical: 0, warning: 1 }

const meets: Record<Comparison, (value: number, threshold: number) => boolean> = {
  '>': (value, threshold) => value > threshold,
  '>=': (value, threshold) => value >= threshold,
  '==': (value, threshold) => value === threshold,
  'abs >': (value, threshold) => Math.abs(value) > threshold,
}

const fired = (condition: Condition, { labels, value, since }: Sample, now: number): Firing[] => {
  const { alert, severity, metric, comparison, threshold, forS, summary, remedy } = condition
  if (!meets[comparison](value, threshold)) return []
  const from = since?.(threshold) ?? now
  if (now - from < forS * 1000) return []
  const told = (text: string) => fill(text, labels, value)
  const at = new Date(from).toISOString()
  return [{ alert, severity, metric, labels, value, since: at, summary: told(summary), remedy: told(remedy) }]
}

const fill = (text: string, labels: Sample['labels'], value: number): string =>
  text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? '?')
    .replaceAll('{{ $value }}', () => String(Math.round(value * 10) / 10))
