import type { Hop } from '../../services/modes.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { callFromInside, type InsiderOutcome } from '../flows/insider-call.ts'
import { forgedAddress, proxyHeaderOf } from '../flows/stated-address.ts'
import { whileSwitched } from '../flows/switched.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/** The mistake beside the right way: a PROXY header is believed from whoever sends one. */
export default defineScenario({
  id: 'forged-proxy-header',
  claims: ['I8'],
  title: 'Who passes for another address where a PROXY header is believed from anyone?',
  guarantee: 'nobody inside passes for another address even if PROXY headers were believed from anyone',
  explanation:
    "An insider connects to the service and puts a PROXY header with a stranger's address in front, while the service is told to believe such a header from anyone. Where the edge passes TLS through the service looks for one, and takes the insider for whom he names; elsewhere it looks for none and refuses what is neither TLS nor a request. Told to believe the edge alone, as is the default, it refuses him in every mode.",
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab, hops) {
    const hop = hops.findLast(({ link }) => link.callee === lab.topology.ingress.passthroughTo)!
    const withTrust = (value: 'anyone' | 'edge') =>
      whileSwitched(
        lab,
        'proxyProtocol',
        () => value,
        () => forge(lab, hop, `with ${value === 'edge' ? 'the edge alone' : 'anyone'} believed`),
      )
    return judgeForgedHeader(hop, await withTrust('anyone'), await withTrust('edge'))
  },
})

/** Connects as an insider with a PROXY header in front. */
export const forge = (lab: LabClient, hop: Hop, when: string): Promise<InsiderOutcome> =>
  callFromInside(lab, hop, `a forged PROXY header, ${when}`, {
    preface: proxyHeaderOf(forgedAddress),
    serverName: null,
  })

/** What a PROXY header is to somebody who looks for none: no TLS, and no request either. */
const refusedAs: readonly string[] = ['plaintext-to-tls', 'bad-request']

/** Was the header refused for what it is, before any request? */
export const wasRefused = ({ request, refusal }: InsiderOutcome): boolean =>
  !request && refusedAs.includes(refusal?.failure?.name ?? '')

/** Broken when the insider's request was let in under the forged address. The control: with the edge alone believed he is refused. */
export const judgeForgedHeader = ({ link }: Hop, anyone: InsiderOutcome, edge: InsiderOutcome): Observed => {
  const { request, refusal } = anyone
  const believed = request?.clientAddress === forgedAddress && request.denied === undefined
  return {
    verdict: believed ? 'broken' : 'holds',
    because: believed
      ? `${link.callee} took an insider for ${forgedAddress}, because his PROXY header said so`
      : `${link.callee} looks for no PROXY header here and refused the insider: ${refusal?.failure?.name ?? 'no record'}`,
    evidence: anyone.evidence,
    control: { passed: (believed || wasRefused(anyone)) && wasRefused(edge), evidence: edge.evidence },
  }
}
