import type { ClaimId } from '../scenarios/claims.ts'
import type { Mode } from '../services/modes.ts'

/** A lesson as it is written in `labs/NN-slug.md`. Terminal and page are made from the same text. */
export type Lesson = {
  number: number
  /** The file's name without number and ending. */
  slug: string
  title: string
  question: string
  minutes: number
  /** The lab is brought into this mode before the first step. */
  mode: Mode
  /** How many faults are drawn at random and put into the lab, and the seed by which the page's transcripts came about. */
  faults?: { count: number; seed: number }
  claims: ClaimId[]
  intro: string
  predict: { text: string; choices: Choice[] }
  steps: Step[]
  /** What happened, Change it, At work: in this order. */
  after: { title: string; text: string }[]
}

/** What may be predicted. Which of them came true is observed: after `step` exactly one choice's condition holds. */
export type Choice = { letter: string; text: string; step: number; condition: Condition }

export type Step = {
  number: number
  title: string
  /** In the order of the page. */
  parts: Part[]
  /** Three, from a nudge to nearly all of it; none where the commands are given. */
  hints: string[]
  /** What does it, where the step is a task. */
  solution: Transcript[]
  /** All of them have to hold of what was recorded since the step began. */
  conditions: Condition[]
}

export type Part = { prose: string } | { transcript: Transcript }

/** A command as it is typed and what it printed. */
export type Transcript = { command: string; output: string }

/** A predicate by name, with its arguments: `request at=payments outcome=served`. */
export type Condition = { text: string; name: string; args: Record<string, string> }

/** What a lesson ends with. */
export const afterwards = ['What happened', 'Change it', 'At work'] as const

export const commandsOf = ({ parts }: Pick<Step, 'parts'>): Transcript[] =>
  parts.flatMap(part => ('transcript' in part ? [part.transcript] : []))
