import { HopError } from '../../pki/error.ts'
import { failureOf } from './failures.ts'
import { GrantNotLoaded } from './grants.ts'
import type { RenewalRecord } from './observation.ts'

/** When a certificate is to be renewed: after `share` of the life it had left at `since` (ms that pass at an even pace). */
export type RenewalPlan = { serial: string; since: number; lifetimeMs: number; share: number }

/**
 * Milliseconds until a certificate is due that has `leftMs` left by the workload's clock. Its life is measured by what has
 * passed since it came, so that a clock set back does not put renewal off; and a clock that says it is late is believed.
 */
export const dueIn = ({ since, lifetimeMs, share }: RenewalPlan, leftMs: number, steady: number): number =>
  Math.max(0, Math.min(share * lifetimeMs - (steady - since), leftMs - (1 - share) * lifetimeMs))

/** What a failed renewal is recorded with. */
export const renewalFailure = (error: unknown): Pick<RenewalRecord, 'serial' | 'failure'> => {
  const { name, code } = failureOf(error)
  const own = error instanceof HopError ? error.code : undefined
  const serial = error instanceof GrantNotLoaded ? error.serial : undefined
  return { ...(serial === undefined ? {} : { serial }), failure: { name: own ?? name, code } }
}
