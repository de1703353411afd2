import type { Family, MetricSample } from './metrics-text.ts'
import type { Observations } from './observation.ts'

/** What a workload holds at this moment, by its own clock: certificates, trust, revocation lists. */
export const heldFamilies = ({ workload, held, trust, clock }: Observations, namespace: string): Family[] => {
  const now = clock === undefined ? Date.now() : Date.parse(clock)
  const until = (time: string) => (Date.parse(time) - now) / 1000
  const since = (time: string) => -until(time)
  const of = (labels: MetricSample['labels'], value: number): MetricSample => ({ labels, value })
  const crls = trust?.crls ?? []
  return [
    gauge('target_info', 'Who is told about', [of({ service_namespace: namespace, service_name: workload }, 1)]),
    gauge(
      'hop_certificate_expires_in_seconds',
      'Time until a certificate held expires; below zero once it has',
      held.map(({ kind, name, notAfter }) => of({ kind, name }, until(notAfter))),
    ),
    gauge('hop_trust_bundle_version', 'Version of the trust bundle and its revocation lists', [
      ...(trust ? [of({}, trust.version)] : []),
    ]),
    gauge('hop_trust_bundle_age_seconds', 'Time since that version was taken', [
      ...(trust?.since === undefined ? [] : [of({}, since(trust.since))]),
    ]),
    gauge('hop_trust_bundle_roots', 'Roots that are trusted', trust ? [of({}, trust.roots.length)] : []),
    gauge(
      'hop_crl_age_seconds',
      'Time since the thisUpdate of a revocation list held',
      crls.map(({ issuer, thisUpdate }) => of({ issuer }, since(thisUpdate))),
    ),
    gauge(
      'hop_crl_expires_in_seconds',
      'Time until the nextUpdate of a revocation list held; below zero once it is past',
      crls.map(({ issuer, nextUpdate }) => of({ issuer }, until(nextUpdate))),
    ),
  ]
}

const gauge = (name: string, help: string, samples: MetricSample[]): Family => ({ name, help, type: 'gauge', samples })
