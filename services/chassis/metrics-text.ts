/** One metric with all its series, as a scrape tells it. */
export type Family = {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  samples: readonly MetricSample[]
}

/** `suffix`: `_bucket`, `_sum`, `_count` of a histogram. A label of an empty value is one that is not there. */
export type MetricSample = { suffix?: string; labels: Readonly<Record<string, string>>; value: number }

/** Media type of {@link metricsText}. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** Prometheus text format, version 0.0.4. A metric without series is left out. */
export const metricsText = (families: readonly Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ suffix = '', labels, value }) => `${name}${suffix}${labelsText(labels)} ${numberText(value)}\n`,
      )
      return `# HELP ${name} ${escaped(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')

const labelsText = (labels: MetricSample['labels']): string => {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}="${escaped(value, /[\\\n"]/g)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const numberText = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)

const escaped = (text: string, what: RegExp): string =>
  text.replace(what, character => (character === '\n' ? '\\n' : `\\${character}`))
