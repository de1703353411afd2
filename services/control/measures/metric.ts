import type { Observations } from '../../chassis/observation.ts'
import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { CertificateRow, TrustState } from '../certificates/trust-state.ts'
import type { HopState, WorkloadState } from '../glance.ts'
import type { BreakGlass } from '../rollout/break-glass-state.ts'
import type { Switches } from '../rollout/switches.ts'

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
