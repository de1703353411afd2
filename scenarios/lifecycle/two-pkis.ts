import { findBreakage } from '../breakage/breakages.ts'
import { isInner } from '../flows/hops.ts'
import { judgeNamed, nothingToRefuse, provokeAll } from '../flows/named-failures.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { defineScenario, eachLink } from '../scenario.ts'

/** One end of a link has its certificate from a PKI of its own: sound in every respect, and of the same trust domain. */
export default defineScenario({
  id: 'two-pkis',
  claims: ['L7'],
  title: 'Two PKIs side by side: which link fails, and why?',
  guarantee: 'that the ends of <link> belong to two PKIs is told in one line',
  explanation:
    'At one end of a link stands a workload whose certificate is sound, but from a second authority for the same names. The link fails, and what the ends report is a closed connection and a list that is missing. The doctor compares whom each end trusts and must say in one line that there are two PKIs, and name both roots.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'plaintext' ? 'not-applicable' : 'holds'),
  run: eachLink(async (lab, hop) =>
    hop.transport === 'plaintext'
      ? nothingToRefuse
      : judgeNamed(await provokeAll(lab, hop, [findBreakage('second-pki')]), await genuineCallee(lab)),
  ),
})
