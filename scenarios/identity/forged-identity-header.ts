import { callerHeader } from '../../services/chassis/policy.ts'
import { splicedLink } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { excerpt, handled, succeeded } from '../flows/evidence.ts'
import { idOf, isClients, isInner, strangerTo } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { listenIn, type Overheard } from '../flows/listen-in.ts'
import { mark } from '../flows/records.ts'
import { readStory, type Story } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, defineScenario, type Observed } from '../scenario.ts'
import { random } from '../tools/canary.ts'

/**
 * Who somebody is, by his own word. The public is never believed, in no mode: what it states is stripped where it
 * enters. An insider is believed where the transport proves nothing, even with another workload's certificate in hand,
 * because nobody asks for it; under mutual TLS his certificate says who he is and the header nothing.
 */
export default defineScenario({
  id: 'forged-identity-header',
  claims: ['I3'],
  title: 'Is a caller believed who only says who he is?',
  guarantee: "a caller's word for who he is counts for nothing on <link>",
  explanation:
    'A caller states in headers to be somebody else: in the one by which workloads name themselves, and in X-Forwarded-Client-Cert, Forwarded and odd spellings of them. What the public states is stripped where it enters. Inside, a stated name is all there is to go by unless the transport proves another, so it is believed everywhere but under mutual TLS.',
  per: 'link',
  select: (hop, topology) => isClients(hop) || (isInner(hop) && strangerTo(topology, hop.link.callee) !== undefined),
  expected: hop => (isClients(hop) || hop.transport === 'mtls' ? 'holds' : 'broken'),
  run: allLinks((lab, hop) => (isClients(hop) ? fromOutside(lab, hop) : fromInside(lab, hop))),
})

const fromInside = async (lab: LabClient, hop: Hop): Promise<Observed> => {
  const { caller, callee } = hop.link
  const stranger = strangerTo(lab.topology, callee)!
  const pair = await lab.credentials.stolen(stranger)
  const statedCaller = idOf(lab.topology, caller)
  const forged = await callFromInside(lab, hop, `${stranger} says it is ${caller}`, { pair, statedCaller })
  const headers = otherWords(statedCaller, 'none')
  const others = await callFromInside(lab, hop, `${stranger} says so in other headers`, { pair, headers })
  return judgeInsider(
    hop,
    { stated: statedCaller, own: idOf(lab.topology, stranger), forged, others },
    await callAsCaller(lab, hop),
  )
}

/** Headers by which some proxies hand on whom they proved (Envoy's, RFC 7239's), and spellings for CGI-like readers. */
const otherWords = (id: string, hash: string): Record<string, string> => ({
  'x-forwarded-client-cert': `Hash=${hash};URI=${id}`,
  x_forwarded_client_cert: `Hash=${hash};URI=${id}`,
  x_spiffe_id: id,
  forwarded: `by=${hash};for="${id}"`,
})

/** `others`: the same word in headers that nobody should read. */
type Forged = { stated: string; own: string; forged: InsiderOutcome; others: InsiderOutcome }

/** Broken when he was taken for whom he said he is; holds when he was taken for whom he proved to be, and denied as that. */
export const judgeInsider = (hop: Hop, { stated, own, forged, others }: Forged, genuine: InsiderOutcome): Observed => {
  const { request } = forged
  const misread = others.request?.caller === stated || wasServed(hop, others)
  const believed = misread || (request?.caller === stated && request.callerBy === 'header' && wasServed(hop, forged))
  const ignored = request?.caller === own && request.callerBy === 'certificate' && request.denied !== undefined
  return {
    verdict: believed ? 'broken' : 'holds',
    because: believed
      ? `${hop.link.callee} believed ${misread ? 'a header that nobody should read' : 'the header'} and took him for ${stated}`
      : `${hop.link.callee} took him for ${request?.caller ?? 'nobody'}, as his certificate says, and denied the request`,
    evidence: [...forged.evidence, ...others.evidence],
    control: { passed: (believed || ignored) && wasServed(hop, genuine), evidence: genuine.evidence },
  }
}

const fromOutside = async (lab: LabClient, hop: Hop): Promise<Observed> => {
  const { topology } = lab
  // a link of the topology may be the one over which the edge passes TLS on: there the client's own bytes go by
  const passedOn = hop.spliced ? splicedLink(topology).id : undefined
  const inner = topology.links.map(({ id }) => id).filter(id => id !== passedOn)
  const nonce = random('0123456789abcdef', 32)
  const stated = idOf(topology, topology.ingress.edge)
  const marks = await mark(lab)
  const overheard = await listenIn(lab, {
    [callerHeader]: stated,
    ...otherWords(stated, nonce),
  })
  const { method, path } = overheard.canary
  const story = await readStory(lab, marks, { method, path })
  return judgeOutsider({ overheard, story, nonce, entrance: hop.link.id, inner }, Object.keys(topology.workloads))
}

type FromOutside = { overheard: Overheard; story: Story; nonce: string; entrance: string; inner: string[] }

/** Holds when the entry took the client for nobody and what he stated went no further. The control: it did get there. */
export const judgeOutsider = (
  { overheard, story, nonce, entrance, inner }: FromOutside,
  workloads: readonly string[],
): Observed => {
  const { answer, raw, decrypted } = overheard
  const everything = (link: string) => Buffer.concat([raw(link), decrypted(link, workloads)])
  const further = inner.filter(link => everything(link).includes(nonce))
  const { entry } = story
  const believed = entry !== undefined && entry.callerBy !== 'nobody'
  const arrived = everything(entrance)
  const broken = believed || further.length > 0
  return {
    verdict: broken ? 'broken' : 'holds',
    because: broken
      ? `what the client stated was ${believed ? `believed by ${entry.workload}` : `passed on over ${further.join(', ')}`}`
      : `${entry?.workload ?? 'nobody'} took the client for nobody and passed nothing of it on`,
    evidence: [
      ...(entry ? [handled(`what ${entry.workload} recorded`, entry.workload, entry)] : []),
      ...further.map(link => excerpt('the forged header', link, everything(link), nonce)),
    ],
    control: {
      passed: succeeded(answer) && entry !== undefined && arrived.includes(nonce),
      evidence: arrived.includes(nonce) ? [excerpt('the forged header as it arrived', entrance, arrived, nonce)] : [],
    },
  }
}
