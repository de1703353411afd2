import type { ConnectionRecord, HeldCertificate, HeldTrust } from '../../services/chassis/observation.ts'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'

/** One end of a connection, as far as it is known: only its name has to be. */
export type End = {
  name: string
  /** What it wrote down of the connection. */
  record?: Partial<ConnectionRecord>
  /** Why its policy denied the request that came, where one did. */
  denied?: string
  /** Its clock minus the asker's, ms. */
  skewMs?: number
  /** Whom it trusts. */
  trust?: HeldTrust
  /** The certificate it presented. */
  certificate?: Pick<HeldCertificate, 'notBefore' | 'notAfter' | 'issuer'> & Partial<HeldCertificate>
  /** The same whole, PEM, leaf first, and the roots (PEM) and serials (hex) its own verdict rests on: for where that was lost. */
  chain?: string
  bundle?: readonly string[]
  revoked?: readonly string[]
}

/** Both ends of one connection, and when it was tried: ms since the epoch, by the asker's clock. */
export type Pair = {
  caller: End
  callee: End
  at: number
  /** The CAs of the lab's own authority, by the control plane. */
  authorities?: TrustState['authorities']
}

/** Less is what clocks do, and what asking takes. */
export const toleratedSkewMs = 1000

/** How far a clock is off that was read between `asked` and `answered` (ms by the asker's): 0 where it may be right. */
export const skewOf = (clock: string, asked: number, answered: number): number => {
  const told = Date.parse(clock)
  if (told < asked) return told - asked
  return told > answered ? told - answered : 0
}

/** A CA by its key identifier, short enough for a sentence. */
export const shortId = (id: string): string => id.slice(0, 8)
