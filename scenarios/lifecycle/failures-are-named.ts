import { findBreakage } from '../breakage/breakages.ts'
import { isInner } from '../flows/hops.ts'
import { judgeNamed, nothingToRefuse, provokeAll } from '../flows/named-failures.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/** Mistakes with certificates and handshakes, at each end that can make them, named from the records of both. */
export default defineScenario({
  id: 'failures-are-named',
  claims: ['L9', 'O5'],
  title: 'Can anybody tell why a handshake failed?',
  guarantee: 'why a handshake failed on <link> can be told from what both ends saw',
  explanation:
    'Certificates that have expired, are somebody else’s, lack their intermediate or are signed by their own key are shown at either end of the links, and handshakes made that cannot meet. One end mostly sees a connection that closes; the doctor puts both ends’ records together and must name each mistake and the end that made it.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'plaintext' ? 'not-applicable' : 'holds'),
  async run(lab, hops) {
    const observed = new Map<string, Observed>()
    for (const [i, hop] of hops.entries()) {
      // each link another two, so that all of them are shown and none takes long
      const two = [mistakes[i % mistakes.length]!, mistakes[(i + 2) % mistakes.length]!].map(findBreakage)
      const encrypted = hop.transport !== 'plaintext'
      observed.set(
        hop.link.id,
        encrypted ? judgeNamed(await provokeAll(lab, hop, two), await genuineCallee(lab)) : nothingToRefuse,
      )
    }
    return observed
  },
})

const mistakes = ['expired', 'wrong-san', 'alpn', 'missing-intermediate', 'self-signed']
