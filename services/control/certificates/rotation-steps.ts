/** What is replaced: the root with all below it, or the two issuing intermediates under the same root. */
export type RotationSubject = 'root' | 'intermediate'

/**
 * The steps of a rotation, in the order that loses nothing. trust: everybody trusts old and new (bundle, CRLs). reissue:
 * everybody holds certificates of the new. distrust: nobody trusts the old any more, and what hangs on it has ended.
 */
export type RotationStep = 'trust' | 'reissue' | 'distrust'

export const rotationSteps: readonly RotationStep[] = ['trust', 'reissue', 'distrust']

/** The wrong orders, which an operator must ask for by name: reissue before anybody trusts, distrust before anybody reissued. */
export type CarelessOrder = 'reissue-first' | 'distrust-first'

/** A rotation under way: on disk before it is published, so that a restart goes on where this one stopped. */
export type RotationRow = {
  what: RotationSubject
  step: RotationStep
  /** True once everybody acknowledged `step`. */
  reached: boolean
  stopAt: RotationStep | null
  careless: CarelessOrder | null
  /** From the newer CA to the older one: a rotation that is being undone. */
  back: boolean
}

/** What a rotation tells whoever watches; `back`: it is being undone. Times in ms. */
export type RotationProgress = { step: RotationStep; back: boolean } & (
  | { type: 'step'; what: RotationSubject; waitingFor: string[] }
  | { type: 'reached'; ms: number }
)

/** Where it ended: over, or held after a step on request. */
export type RotationOutcome = { what: RotationSubject; heldAt?: RotationStep }
