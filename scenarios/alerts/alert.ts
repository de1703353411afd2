export type Severity = 'critical' | 'warning'

/** `abs >`: the value without its sign. */
export type Comparison = '>' | '>=' | '==' | 'abs >'

/**
 * When somebody is to be told. `summary` and `remedy` name labels as Prometheus templates do: `{{ $labels.link }}`.
 */
export type Condition<MetricName extends string = string> = {
  alert: string
  severity: Severity
  metric: MetricName
  comparison: Comparison
  threshold: number
  /** Seconds it must have been so. */
  forS: number
  summary: string
  remedy: string
}

/** A condition that is met, and where: by its labels. */
export type Firing = Pick<Condition, 'alert' | 'severity' | 'metric'> & {
  labels: Readonly<Record<string, string>>
  value: number
  /** ISO 8601. */
  since: string
  summary: string
  remedy: string
}
