import type { Family, MetricSample } from './metrics-text.ts'

/** Label values, in the order in which the metric's labels were named. */
export type Values = readonly string[]

export type Counter = { add(values: Values, by?: number): void }
export type Histogram = { observe(values: Values, value: number): void }

/** The counts of one workload. No globals: several workloads live in one process. */
export type Registry = {
  counter(name: string, help: string, labels: readonly string[]): Counter
  /** `bounds`: upper bounds of the buckets, rising; one more takes what is larger. */
  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Histogram
  families(): Family[]
}

/** So many series may one metric have; see {@link createRegistry}. The OpenTelemetry SDKs' own limit. */
const mostSeries = 2000

/** What all further sets of labels are counted under, as OpenTelemetry's metrics SDK specification has it. */
const overflow: MetricSample['labels'] = { otel_metric_overflow: 'true' }

type Kept<Counts> = { labels: MetricSample['labels']; counts: Counts }

/** Whoever finds a way to make up label values must not fill our memory: beyond `most` sets they share one series. */
const createSeries = <Counts>(names: readonly string[], most: number, start: () => Counts) => {
  const series = new Map<string, Kept<Counts>>()
  let spilt: Kept<Counts> | undefined
  return {
    of(values: Values): Counts {
      const key = values.join('\0')
      const known = series.get(key)
      if (known) return known.counts
      if (series.size >= most) {
        spilt ??= { labels: overflow, counts: start() }
        return spilt.counts
      }
      const labels = Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']))
      const counts = start()
      series.set(key, { labels, counts })
      return counts
    },
    all: (): Kept<Counts>[] => [...series.values(), ...(spilt ? [spilt] : [])],
  }
}

type Buckets = { buckets: number[]; sum: number; count: number }

/**
 * Counters and histograms, read by {@link Registry.families}. By hand, because it is paid for with every request: counting one
 * here takes about 0.3 µs, with prom-client 15.1 0.6 and with OpenTelemetry's SDK 3.1 1.6, and there are several to a request.
 */
export const createRegistry = (most = mostSeries): Registry => {
  const reading: (() => Family)[] = []
  return {
    counter(name, help, labels) {
      const series = createSeries(labels, most, () => ({ value: 0 }))
      const samples = () => series.all().map(({ labels, counts }) => ({ labels, value: counts.value }))
      reading.push(() => ({ name, help, type: 'counter', samples: samples() }))
      return {
        add(values, by = 1) {
          series.of(values).value += by
        },
      }
    },
    histogram(name, help, labels, bounds) {
      const start = (): Buckets => ({ buckets: new Array(bounds.length + 1).fill(0), sum: 0, count: 0 })
      const series = createSeries(labels, most, start)
      reading.push(() => ({ name, help, type: 'histogram', samples: series.all().flatMap(told(bounds)) }))
      return {
        observe(values, value) {
          const counts = series.of(values)
          let at = 0
          while (at < bounds.length && value > bounds[at]!) at++
          counts.buckets[at]!++
          counts.sum += value
          counts.count++
        },
      }
    },
    families: () => reading.map(read => read()),
  }
}

/** Buckets are cumulative where they are told. */
const told =
  (bounds: readonly number[]) =>
  ({ labels, counts }: Kept<Buckets>): MetricSample[] => {
    let below = 0
    const buckets = counts.buckets.map((count, i) => {
      below += count
      const le = i < bounds.length ? String(bounds[i]) : '+Inf'
      return { suffix: '_bucket', labels: { ...labels, le }, value: below }
    })
    return [
      ...buckets,
      { suffix: '_sum', labels, value: counts.sum },
      { suffix: '_count', labels, value: counts.count },
    ]
  }
