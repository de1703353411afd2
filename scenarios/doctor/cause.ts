import type { FailureName } from '../../services/chassis/failures.ts'

/** What went wrong on a connection, from what both its ends saw. */
export type Cause = {
  name: CauseName
  fault: Fault
  /** Who did what to whom, and why; one sentence. */
  sentence: string
  remedy: string
  /** The raw failure of each end; absent where it saw none. */
  seen: { caller?: RawFailure; callee?: RawFailure }
}

/** What a cause says, but for the raw failures. */
export type Told = Omit<Cause, 'seen'>

/** A name of `failures.ts`, or one that takes both ends to be told. */
export type CauseName =
  | FailureName
  | 'clock-skew'
  | 'two-pkis'
  | 'trust-not-arrived'
  | Unexplained
  | 'garbage'
  | 'not-allowed'

/** One end is seen to end a connection, and nobody says why. */
export type Unexplained = 'caller-went-away' | 'callee-went-away' | 'refused-without-reason'

/** Where it has to be put right. `both`: the two ends do not fit together, neither is wrong by itself. */
export type Fault = `${EndName}-${'certificate' | 'clock' | 'trust' | 'settings'}` | EndName | 'both' | 'network'

export type EndName = 'caller' | 'callee'

/** Name and code as `failures.ts` has them. */
export type RawFailure = { name: string; code: string }

export const otherEnd = (end: EndName): EndName => (end === 'caller' ? 'callee' : 'caller')
