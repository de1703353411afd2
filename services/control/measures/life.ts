import type { HeldCertificate } from '../../chassis/observation.ts'
import type { CertificateRow } from '../certificates/trust-state.ts'
import type { Sample, Seen } from './metric.ts'

/** Something that is valid from one time to another, ms since the epoch. */
export type Life = { from: number; to: number }

/**
 * A certificate's life counts from its issue, which the ledger knows: certificates are dated back, and of a short one the
 * time between notBefore and its issue would be most.
 */
export const lifeOf = (held: HeldCertificate, rows: ReadonlyMap<string, CertificateRow>): Life => ({
  from: rows.get(held.serial.toLowerCase())?.at ?? Date.parse(held.notBefore),
  to: Date.parse(held.notAfter),
})

/** The ledger by serial. */
export const bySerial = ({ certificates }: Pick<Seen, 'certificates'>): ReadonlyMap<string, CertificateRow> =>
  new Map(certificates.map(row => [row.serial.toLowerCase(), row]))

/** Which share of a life has passed: 0 at its beginning, 1 at its end, more after it. */
export const used = ({ from, to }: Life, now: number, labels: Sample['labels']): Sample => ({
  labels,
  value: to > from ? (now - from) / (to - from) : Number.POSITIVE_INFINITY,
  since: share => from + share * Math.max(to - from, 0),
})
