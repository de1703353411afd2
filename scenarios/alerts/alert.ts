import type { Observations } from '../../services/chassis/observation.ts'
import type { CertificateRow, TrustState } from '../../services/control/certificates/trust-state.ts'
import type { HopState, WorkloadState } from '../../services/control/glance.ts'
import type { BreakGlass } from '../../services/control/rollout/break-glass-state.ts'
import type { Switches } from '../../services/control/rollout/switches.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'

/** All that alerts are judged by: what workloads reported, what the control plane keeps. Times in ms since the epoch. */
export type Seen = {
  topology: Topology
  mode: Mode
  /** By the watcher's own clock, when the reports came. */
  now: number
  /** By workload; of one that does not answer there is none. */
  reports: Readonly<Record<string, Observations>>
  workloads: readonly Pick<WorkloadState, 'name' | 'connected'>[]
  hops: readonly Pick<HopState, 'link' | 'verify'>[]
  rollout: { from: Mode; to: Mode } | null
  breakGlass: Pick<BreakGlass, 'link' | 'at'> | null
  renewal: Switches['renewal']
  trust?: TrustState
  /** The ledger. */
  certificates: readonly CertificateRow[]
}

/** One reading of a metric. */
export type Sample = {
  labels: Readonly<Record<string, string>>
  value: number
  /** Since when it has stood above `level`, where the observation tells; absent: nobody knows, so it counts from now. */
  since?: (level: number) => number
}

/** Something that is measured, by a name as Prometheus has them. */
export type Metric = { help: string; measure(seen: Seen): Sample[] }

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
