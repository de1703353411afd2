import type { Mode } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'

/** What is asked of a plan. */
export type Question = {
  from: Mode
  to: Mode
  /** ISO 8601; what is older was not looked at. Null: all that workloads still remember. */
  since: string | null
}

/** One thing to know before going to another mode. */
export type PlanSection = {
  id: string
  /** A question. */
  title: string
  /** Its answer in one sentence. */
  answer: string
  /** False: whoever goes there now breaks something. */
  passed: boolean
  /** Nothing was seen that could answer it: then it has not passed either. */
  unknown?: true
  /** What the answer rests on, as a table to be read; `items` are the same for programs. */
  columns: readonly string[]
  rows: readonly (readonly string[])[]
  items: readonly object[]
}

/** Finds out one section. Reads the lab and changes nothing. */
export type Inquiry = (lab: LabClient, question: Question) => Promise<PlanSection>
