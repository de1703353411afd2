import type { CaInfo } from '../../../pki/authority.ts'
import type { RotationRow } from './rotation-steps.ts'

export type { CertificateRow, IssuedBy } from '../state/ledger.ts'

/** Who trusts what, as acknowledged. Times in ms since the epoch. */
export type TrustState = {
  /** The CRL number of what is given out now, and since when it is. */
  version: number
  publishedAt: number
  /** CAs in use, newest first. `active` ones sign; of the others some are trusted still, or already. */
  authorities: CaInfo[]
  /** A rotation under way. */
  rotation: RotationRow | null
  /** Absent for a workload that has acknowledged nothing since the control plane started. */
  workloads: Record<string, { version: number; ok: boolean; at: number; drained: boolean; error?: string }>
}
