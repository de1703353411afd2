import type { Mode } from '../../modes.ts'
import type { LastingCaller } from './guard-settings.ts'
import type { Step } from './steps.ts'

/** What a rollout tells whoever watches. Times in ms. */
export type Progress =
  | { type: 'step'; step: Step; from: Mode; to: Mode; waitingFor: string[] }
  | { type: 'reached'; step: Step; ms: number }
  /** Errors are counted and callers looked for, for so long. */
  | { type: 'observing'; step: Step; ms: number }
  /** Callers that narrowing would break. */
  | { type: 'callers'; callers: LastingCaller[] }
  /** Too many errors: it goes back by itself. */
  | { type: 'breach'; step: Step; rate: number; seen: number; failed: number; failure: string; link: string }

/** Where it ended: settled in a mode, or held at a step on request. */
export type Outcome = { mode: Mode; heldAt?: Step }

export type Watch = (progress: Progress) => void
