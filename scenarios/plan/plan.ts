import type { Mode } from '../../services/modes.ts'
import { reachedAt } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import { breakingCallers } from './breaking-callers.ts'
import { changingLinks } from './changing-links.ts'
import { maturitySection } from './maturity-section.ts'
import type { Inquiry, PlanSection } from './section.ts'

/** What would change on the way to another mode, and what would break. */
export type Plan = {
  topology: string
  from: Mode
  to: Mode
  /** ISO 8601; null: all that workloads still remember. */
  since: string | null
  /** False where some section says that something would break. */
  passed: boolean
  sections: PlanSection[]
}

/** Every section a plan has, in the order in which it is told. To add one, write its inquiry and name it here. */
export const aboutModes: readonly Inquiry[] = [changingLinks, breakingCallers, maturitySection]

/**
 * `to` absent: the present mode stays. `since`: ms since the epoch, or `all`; absent: since the present mode was reached.
 * `inquiries`: what is asked.
 */
export const planFor = async (
  lab: LabClient,
  goal?: Mode,
  since?: number | 'all',
  inquiries: readonly Inquiry[] = aboutModes,
): Promise<Plan> => {
  const { mode: from } = await lab.state()
  const to = goal ?? from
  const at = since === 'all' ? null : (since ?? (await reachedAt(lab)))
  const question = { from, to, since: at === null ? null : new Date(at).toISOString() }
  const sections = await Promise.all(inquiries.map(inquiry => inquiry(lab, question)))
  return { topology: lab.topology.name, ...question, passed: sections.every(({ passed }) => passed), sections }
}
