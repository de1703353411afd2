import type { Condition, Metric } from './alert.ts'
import { certificateMetrics } from './certificate-metrics.ts'
import { connectionMetrics } from './connection-metrics.ts'
import { plaintextMetrics } from './plaintext-metrics.ts'
import { trustMetrics } from './trust-metrics.ts'

/** Everything that is measured, by name. */
export const metrics = { ...certificateMetrics, ...trustMetrics, ...connectionMetrics, ...plaintextMetrics }

export type MetricName = keyof typeof metrics

/** What measures a metric. */
export const metricOf = (name: MetricName): Metric => metrics[name]

/**
 * Every alert there is. Certificates are renewed when half of their life has passed, give or take a tenth, so a quarter
 * beyond that means that renewal does not come; a share of the life fits certificates of seconds and of days. Revocation
 * lists are made anew when a third has passed. Trust is given out within a fraction of a second.
 */
export const conditions = [
  {
    alert: 'CertificateExpiresSoon',
    severity: 'warning',
    metric: 'hop_certificate_used_ratio',
    comparison: '>',
    threshold: 0.7,
    forS: 0,
    summary: 'the {{ $labels.kind }} certificate of {{ $labels.workload }} should have been renewed by now',
    remedy: 'see whether renewal is switched off and what its last try said; then: hop renew {{ $labels.workload }}',
  },
  {
    alert: 'CertificateExpired',
    severity: 'critical',
    metric: 'hop_certificate_used_ratio',
    comparison: '>=',
    threshold: 1,
    forS: 0,
    summary: 'the {{ $labels.kind }} certificate of {{ $labels.workload }} has expired',
    remedy: 'give it a new one: hop renew {{ $labels.workload }}; then find out why nobody renewed it',
  },
  {
    alert: 'RenewalFailing',
    severity: 'warning',
    metric: 'hop_renewal_failures_in_a_row',
    comparison: '>=',
    threshold: 3,
    forS: 0,
    summary: '{{ $labels.workload }} cannot renew its {{ $labels.kind }} certificate: {{ $labels.cause }}',
    remedy: 'look whether the control plane answers, and at the log of {{ $labels.workload }}',
  },
  {
    alert: 'RenewalNotLoaded',
    severity: 'warning',
    metric: 'hop_renewal_not_loaded',
    comparison: '==',
    threshold: 1,
    forS: 0,
    summary:
      '{{ $labels.workload }} got a new {{ $labels.kind }} certificate and serves the old one: {{ $labels.cause }}',
    remedy: 'look at the log of {{ $labels.workload }}; the old certificate serves until it expires',
  },
  {
    alert: 'RenewalOff',
    severity: 'warning',
    metric: 'hop_renewal_enabled',
    comparison: '==',
    threshold: 0,
    forS: 0,
    summary: '{{ $labels.workload }} was told not to renew its certificates',
    remedy: 'switch it on: hop switch renewal default',
  },
  {
    alert: 'HandshakeFailures',
    severity: 'critical',
    metric: 'hop_handshake_failures_in_a_row',
    comparison: '>=',
    threshold: 1,
    forS: 0,
    summary: 'handshakes on {{ $labels.link }} fail: {{ $labels.seenBy }} says {{ $labels.cause }}',
    remedy: 'ask what it means and what to do: hop doctor',
  },
  {
    alert: 'CalleeNotVerified',
    severity: 'warning',
    metric: 'hop_link_verified',
    comparison: '==',
    threshold: 0,
    forS: 0,
    summary: 'nobody checks who answers on {{ $labels.link }}',
    remedy: 'switch the check on again',
  },
  {
    alert: 'TrustBehind',
    severity: 'warning',
    metric: 'hop_trust_versions_behind',
    comparison: '>',
    threshold: 0,
    forS: 1,
    summary: '{{ $labels.workload }} has not taken the present trust bundle: {{ $labels.cause }}',
    remedy: 'do not distrust anything before it has; see whether it is connected and whether trust is withheld from it',
  },
  {
    alert: 'CrlExpiresSoon',
    severity: 'warning',
    metric: 'hop_crl_used_ratio',
    comparison: '>',
    threshold: 0.7,
    forS: 0,
    summary: '{{ $labels.workload }} should have a newer revocation list of the CA {{ $labels.issuer }} by now',
    remedy: 'see whether the control plane publishes lists, and whether they reach {{ $labels.workload }}',
  },
  {
    alert: 'CrlExpired',
    severity: 'critical',
    metric: 'hop_crl_used_ratio',
    comparison: '>=',
    threshold: 1,
    forS: 0,
    summary:
      'the revocation list of the CA {{ $labels.issuer }} that {{ $labels.workload }} has is past its nextUpdate',
    remedy: 'publish a new one: hop switch revocation default',
  },
  {
    alert: 'CrlMissing',
    severity: 'critical',
    metric: 'hop_crl_missing',
    comparison: '==',
    threshold: 1,
    forS: 0,
    summary: '{{ $labels.workload }} has no revocation list of the CA {{ $labels.issuer }}',
    remedy: 'publish one: hop switch revocation default',
  },
  {
    alert: 'ClockSkew',
    severity: 'warning',
    metric: 'hop_clock_skew_seconds',
    comparison: 'abs >',
    threshold: 5,
    forS: 0,
    summary: 'the clock of {{ $labels.workload }} is {{ $value }} seconds off',
    remedy: 'set it right, and look why it drifts: it judges every certificate by it',
  },
  {
    alert: 'PlaintextAcrossBorder',
    severity: 'critical',
    metric: 'hop_undeclared_plaintext_connections',
    comparison: '>',
    threshold: 0,
    forS: 0,
    summary: 'plaintext that nobody declared crosses a zone border on {{ $labels.link }}',
    remedy: 'see who it is: hop gate',
  },
  {
    alert: 'BreakGlassOpen',
    severity: 'warning',
    metric: 'hop_break_glass_open',
    comparison: '==',
    threshold: 1,
    forS: 0,
    summary: 'strictness is relaxed on {{ $labels.link }}',
    remedy: 'it ends by itself; sooner with: hop break-glass --end',
  },
  {
    alert: 'WorkloadAway',
    severity: 'critical',
    metric: 'hop_workload_reports',
    comparison: '==',
    threshold: 0,
    forS: 0,
    summary: '{{ $labels.workload }} does not report to the control plane, so nobody knows how it is',
    remedy: 'see whether it runs, and whether its certificate still lets it in',
  },
] as const satisfies readonly Condition<MetricName>[]

export type AlertName = (typeof conditions)[number]['alert']
