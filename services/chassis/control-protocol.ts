import type { Desired } from './desired.ts'

/** What the control plane says to a workload over its stream, one JSON object a line. */
export type ControlMessage =
  | { type: 'desired'; desired: Desired }
  | TrustMessage
  | { type: 'report'; id: string; since: number }
  | { type: 'ping' }
  /** Begin anew, with a new key, by what lets you in without the certificate you hold. */
  | { type: 'enrol' }

/**
 * Whom to trust from now on. `version` is the CRL number (RFC 5280, 5.2.3): it grows with every change, and nobody goes
 * back below the one he holds. `revoked`: serials whose open connections must end, because a CRL stops only new ones.
 */
export type TrustMessage = {
  type: 'trust'
  version: number
  bundle: string[]
  /** See `Trust`. */
  intermediates?: string[]
  crl: string[]
  revoked: string[]
  /** What to do with a chain whose revocation cannot be checked, the list being missing or past its nextUpdate. */
  revocation: RevocationPolicy
}

/** `hard-fail` refuses it, `soft-fail` lets it through. */
export type RevocationPolicy = 'hard-fail' | 'soft-fail'

/** A workload's answer to a {@link TrustMessage}: taken or why not; drained when no connection is left that it does not bear. */
export type TrustAcknowledgement = { version: number; ok: boolean; error?: string; drained: boolean }

/** A workload's answer to a version: applied or why not, and whether anything still runs the old way. */
export type Acknowledgement = { version: number; ok: boolean; error?: string; drained: boolean }
