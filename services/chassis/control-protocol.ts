import type { Desired } from './desired.ts'

/** What the control plane says to a workload over its stream, one JSON object a line. */
export type ControlMessage =
  | { type: 'desired'; desired: Desired }
  | TrustMessage
  | { type: 'report'; id: string; since: number }
  | { type: 'ping' }

/** `revoked`: serials whose open connections must end, because a CRL stops only new ones. */
export type TrustMessage = { type: 'trust'; bundle: string[]; crl: string[]; revoked: string[] }

/** A workload's answer to a version: applied or why not, and whether anything still runs the old way. */
export type Acknowledgement = { version: number; ok: boolean; error?: string; drained: boolean }
