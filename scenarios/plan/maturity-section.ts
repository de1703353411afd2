import { type Maturity, needsMoreCertificates, observeMaturity } from '../maturity.ts'
import type { Inquiry, PlanSection } from './section.ts'

/** Is the lab ready for more certificates (claim D6)? Where the other mode needs no more of them nothing is asked. */
export const maturitySection: Inquiry = async (lab, { from, to }) =>
  needsMoreCertificates(lab.topology, from, to)
    ? describeMaturity(await observeMaturity(lab))
    : describeMaturity({ ready: true, checks: [] })

/** That nobody has seen a renewal yet is told, and by itself withholds nothing: a lab may be young. */
export const describeMaturity = ({ checks }: Maturity): PlanSection => {
  const unmet = checks.filter(({ met }) => !met)
  const grave = unmet.filter(({ id }) => id !== 'renewal-seen')
  return {
    id: 'maturity',
    title: 'Is the lab ready for more certificates?',
    answer: answerOf(checks, unmet, grave),
    passed: grave.length === 0,
    columns: ['met', 'what it takes', 'seen'],
    rows: checks.map(({ met, title, because }) => [met ? 'yes' : 'no', title, because]),
    items: checks,
  }
}

const answerOf = (checks: Maturity['checks'], unmet: Maturity['checks'], grave: Maturity['checks']): string => {
  if (checks.length === 0) return 'this mode needs none that are not in use already'
  if (grave.length > 0) return `no, withheld because ${grave.map(({ because }) => because).join('; ')}`
  return unmet.length === 0
    ? 'yes'
    : `nothing speaks against it, but ${unmet.map(({ title }) => `not yet: ${title}`).join('; ')}`
}
