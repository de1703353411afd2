import { isInner } from '../flows/hops.ts'
import { genuineCallee, papersFor, type StoodIn, standIn } from '../flows/stand-in.ts'
import { type Control, defineScenario, eachLink, type Observed } from '../scenario.ts'

/**
 * The network leads a caller to somebody else. Each caller checks the callee wherever there is TLS, the public client
 * too: he is told a name and a root, workloads an identity. Under passthrough the edge checks nothing, and need not:
 * it is the client who does.
 */
export default defineScenario({
  id: 'impostor-callee',
  claims: ['I10'],
  title: 'Does a caller notice that somebody else answers?',
  guarantee: 'an impostor is not served on <link>',
  explanation:
    'The network leads a caller to somebody else, who presents no certificate or one that does not fit. In plaintext nothing can be checked and the impostor gets the request; over TLS the caller checks chain and name first, and sends nothing to a stranger.',
  per: 'link',
  select: hop => isInner(hop) || hop.transport !== 'plaintext',
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  run: eachLink(async (lab, hop) => {
    const tried: StoodIn[] = []
    for (const papers of await papersFor(lab, hop)) tried.push(await standIn(lab, hop, papers))
    return judgeImpostors(hop.link.callee, tried, await genuineCallee(lab))
  }),
})

/** Broken when any impostor was given a request; holds when each was refused for what he is. Neither: nothing was shown. */
export const judgeImpostors = (callee: string, tried: readonly StoodIn[], control: Control): Observed => {
  const served = tried.filter(impostor => impostor.served)
  const refusals = tried.map(({ what, refusedAs }) => `${what} as ${refusedAs}`).join(', ')
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `an impostor with ${served.map(({ what }) => what).join(', ')} was given the request meant for ${callee}`
        : `refused before any request was sent: ${refusals}`,
    evidence: tried.flatMap(({ evidence }) => evidence),
    control: {
      passed: control.passed && (served.length > 0 || tried.every(({ due }) => due)),
      evidence: control.evidence,
    },
  }
}
