import type { Hop } from '../../services/modes.ts'
import { handled, outcome } from '../flows/evidence.ts'
import { idOf, isClients, isInner, requestOn } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark } from '../flows/records.ts'
import { genuineCallee } from '../flows/stand-in.ts'
import { readStory, type Told } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { type Control, defineScenario, type Observed } from '../scenario.ts'
import { scriptInQuery } from '../tools/attack-pattern.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/**
 * A filter protects who can only be reached through it. Behind the edge that is not a matter of addresses, which an
 * insider knows, but of who is let in without the edge's, or the next caller's, proof of who he is.
 */
export default defineScenario({
  id: 'around-the-edge',
  claims: ['C1', 'I1', 'I2'],
  title: 'Can somebody inside walk around the edge and its filter?',
  guarantee: 'nothing that the edge would refuse reaches the callee of <link> past it',
  explanation:
    'Somebody with a foothold inside, and no credential, sends a service behind the edge an attack that the edge refuses when it comes by the front door. Encryption does not stop him, since nobody asks who he is; a callee under mutual TLS does. Under passthrough the service that meets the public meets him as well: for it there is no edge to walk around.',
  per: 'link',
  select: (hop, { ingress }) => !isClients(hop) && hop.link.callee !== ingress.edge,
  expected: ({ transport, spliced }) => (transport === 'mtls' && !spliced ? 'holds' : 'broken'),
  async run(lab, hops) {
    const front = await byTheFrontDoor(lab)
    const honest = await genuineCallee(lab)
    const tried = hops.map(async hop => {
      const genuine = isInner(hop) ? await callAsCaller(lab, hop) : undefined
      return [hop.link.id, judgeAround(hop, { front, honest, past: await pastTheEdge(lab, hop), genuine })] as const
    })
    return new Map(await Promise.all(tried))
  },
})

/** The attack as the public sends it, and what the workload recorded that read it first. */
type Front = { edge: string; attempt: Attempt; entry: Told | undefined }

const byTheFrontDoor = async (lab: LabClient): Promise<Front> => {
  const { method, path, body, headers } = freshCanary(lab.topology)
  const marks = await mark(lab)
  const attempt = await (await createOutsider(lab)).send({ method, path: path + scriptInQuery, body, headers })
  const { entry } = await readStory(lab, marks, { method, path })
  return { edge: lab.topology.ingress.edge, attempt, entry }
}

/** The same straight to the callee. Where that serves the public name, he asks for it as any client would. */
const pastTheEdge = (lab: LabClient, hop: Hop): Promise<InsiderOutcome> => {
  const { serverName } = lab.topology.ingress
  const path = requestOn(hop.link, freshCanary(lab.topology)).path + scriptInQuery
  const asPublic = hop.spliced ? { serverName, headers: { host: serverName } } : {}
  const statedCaller = idOf(lab.topology, hop.link.caller)
  return callFromInside(lab, hop, 'the attack, past the edge', { path, statedCaller, ...asPublic })
}

type Ways = { front: Front; honest: Control; past: InsiderOutcome; genuine: InsiderOutcome | undefined }

/**
 * Broken when the callee's program got it. The controls: by the front door the edge filters it, unless the client's TLS
 * passes the edge unopened; and what the real caller, or a customer, sends does arrive.
 */
export const judgeAround = (hop: Hop, { front, honest, past, genuine }: Ways): Observed => {
  const { callee } = hop.link
  const { edge, attempt, entry } = front
  const reached = past.request?.rule !== undefined
  const refused = !past.request && past.refusal?.failure?.name === 'no-client-certificate'
  const filtered = entry?.workload === edge && entry.failure?.name === 'filtered'
  const unread = entry !== undefined && entry.workload !== edge && entry.rule !== undefined
  return {
    verdict: reached ? 'broken' : 'holds',
    because: reached
      ? `${callee} took the attack from somebody who went past ${edge}${unread ? ', as it takes it from the public' : ''}`
      : `${callee} let nobody in without a certificate, so there is no way to it but by its callers`,
    evidence: past.evidence,
    control: {
      passed:
        (filtered || unread) &&
        honest.passed &&
        (genuine === undefined || wasServed(hop, genuine)) &&
        (reached || refused),
      evidence: [
        outcome('the attack by the front door', 'client', attempt),
        ...(entry ? [handled(`what ${entry.workload} recorded of it`, entry.workload, entry)] : []),
        ...honest.evidence,
        ...(genuine?.evidence ?? []),
      ],
    },
  }
}
