import type { Aspect, Draft, Subject } from './profile-draft.ts'

/**
 * Who refuses such a certificate, and with which code:
 * `chain` is Node's verification (`authorizationError`); it reports the last of several faults it met, so the code may be
 * another once CRLs are checked too. `svid` is `readSvid`; `handshake` means that TLS itself cannot use the key, and the code
 * is what `readSvid` would say. `authorization` is whoever compares the proven name with the allowed ones.
 */
export type Refusal =
  | { by: 'chain'; code: string; codeWithCrls: string }
  | { by: 'svid' | 'handshake'; code: string }
  | { by: 'authorization' | 'nobody' }

/** One kind of certificate. Whoever shows or tries them all enumerates the table. */
export type Profile = {
  summary: string
  bends: Aspect[]
  /** Kinds of subject it makes sense for; both when absent. */
  only?: Subject['kind']
  refused: Refusal
  /** `end`: when the last of the CAs above ends, ms. */
  bend: (subject: Subject, now: number, end: number) => Partial<Draft>
}

/** Refused by Node's verification. */
export const chain = (code: string, codeWithCrls = code): Refusal => ({ by: 'chain', code, codeWithCrls })
/** Refused by `readSvid`. */
export const svid = (code: string): Refusal => ({ by: 'svid', code })

/** A URI made from the right one, so that only the name is wrong. */
export const uri = (summary: string, code: string, write: (id: string, trustDomain: string) => string): Profile => ({
  summary,
  bends: ['names'],
  only: 'workload',
  refused: svid(code),
  bend: subject => (subject.kind === 'workload' ? { names: [{ uri: write(subject.id, subject.trustDomain) }] } : {}),
})

/** The same under an issuer without name constraints, so that nothing but the name is left to refuse. */
export const unconstrained = (profile: Profile): Profile => ({
  ...profile,
  bends: [...profile.bends, 'signer'],
  bend: (subject, now, end) => ({ ...profile.bend(subject, now, end), signer: 'issuer-unconstrained' }),
})

/** A row that bends the same way whoever it is for. */
export const bent = (summary: string, bends: Aspect[], refused: Refusal, draft: Partial<Draft>): Profile => ({
  summary,
  bends,
  refused,
  bend: () => draft,
})
