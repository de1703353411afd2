import { HopError } from '../pki/error.ts'
import type { Cell, Observed } from './scenario.ts'

type About = Pick<Cell, 'scenario' | 'link' | 'mode' | 'expected' | 'ms'>

/** The cell of a run. A verdict without its positive control is none. */
export const judged = (about: About, { verdict, because, evidence, control }: Observed): Cell => {
  const counts = control.passed
  return {
    ...about,
    ms: Math.round(about.ms),
    verdict: counts ? verdict : 'inconclusive',
    asExpected: counts && verdict === about.expected,
    because: counts ? because : `the positive control failed, so nothing was shown: ${summary(control.evidence)}`,
    evidence,
    control,
  }
}

/** The cell of a run that broke off. */
export const inconclusive = (about: About, error: unknown): Cell => {
  const text = error instanceof HopError ? `${error.code}: ${error.message}` : String(error)
  return {
    ...about,
    ms: Math.round(about.ms),
    verdict: 'inconclusive',
    asExpected: false,
    because: `the run broke off: ${text}`,
    evidence: [],
    control: { passed: false, evidence: [] },
  }
}

/** The cell of a guarantee that has nothing to hold on to here. Nothing ran, so nothing is claimed. */
export const notApplicable = (about: Pick<Cell, 'scenario' | 'link' | 'mode'>, because: string): Cell => ({
  ...about,
  ...{ expected: 'not-applicable', verdict: 'not-applicable', asExpected: true },
  ...{ because, evidence: [], control: { passed: true, evidence: [] }, ms: 0 },
})

/** Did a run show nothing, here or there? */
export const showedNothing = ({ verdict }: Cell): boolean => verdict === 'inconclusive'

/** The cells of a first run; those that showed nothing as a second run has them, and why there was one. A verdict stays. */
export const triedAgain = (first: readonly Cell[], second: readonly Cell[]): Cell[] =>
  first.map(cell => {
    if (!showedNothing(cell)) return cell
    return { ...(second.find(({ link }) => link === cell.link) ?? cell), firstTry: cell.because }
  })

const summary = (evidence: Observed['evidence']): string =>
  evidence.map(({ title, text }) => (text === undefined ? title : `${title}: ${text}`)).join('; ') || 'no evidence'
