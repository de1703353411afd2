import type { HeldCertificate } from '../../services/chassis/observation.ts'
import type { Seen } from './observed-hop.ts'

/** A certificate that a workload holds, and whose it is. */
export type ShownCertificate = HeldCertificate & { workload: string }

/** Each key that workloads say they hold, once. */
export const certificatesHeld = ({ reports }: Pick<Seen, 'reports'>): ShownCertificate[] => [
  ...new Map(
    Object.entries(reports).flatMap(([workload, { held }]) =>
      held.map(one => [one.key, { ...one, workload }] as const),
    ),
  ).values(),
]

/** Those of them that the other end of some connection recorded as its peer's, the client's own socket included. */
export const certificatesShown = ({ reports, answer }: Pick<Seen, 'reports' | 'answer'>): ShownCertificate[] => {
  const peers = Object.values(reports).flatMap(({ connections }) => connections.map(({ peerKey }) => peerKey))
  const shown = new Set([...peers, answer.tls?.peerKey])
  return certificatesHeld({ reports }).filter(({ key }) => shown.has(key))
}
