import type { Hop } from '../../services/modes.ts'
import { handled, outcome, succeeded } from '../flows/evidence.ts'
import { idOf, isClients } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { mark } from '../flows/records.ts'
import { readStory, type Story } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, defineScenario, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshAddress, freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/** Nobody's: it is set aside for documentation (RFC 5737). */
const forgedAddress = '203.0.113.77'

/**
 * Which address does the service take for the customer's? An edge that reads the request states the one it sees, whatever
 * the client says; one that only splices cannot state any, and every customer passes for the edge. An insider who is
 * taken for a proxy is believed: that is so wherever a name suffices to be one, so where the last hop is not mutual TLS.
 * Where the service meets the public itself there is no proxy to pose as, and an insider is one more client.
 */
export default defineScenario({
  id: 'forged-client-address',
  claims: ['I8'],
  title: "Does the service know the customer's address, whatever anybody states?",
  guarantee: 'nobody on <link> passes for another address than his own',
  per: 'link',
  select: (hop, { ingress }) => isClients(hop) || hop.link.callee === ingress.passthroughTo,
  expected: hop => {
    if (isClients(hop)) return hop.spliced ? 'broken' : 'holds'
    return hop.spliced || hop.transport === 'mtls' ? 'holds' : 'broken'
  },
  run: allLinks((lab, hop) => (isClients(hop) ? fromOutside(lab) : fromInside(lab, hop))),
})

const xff = { 'x-forwarded-for': forgedAddress }

const fromOutside = async (lab: LabClient): Promise<Observed> => {
  const { edge, passthroughTo: service } = lab.topology.ingress
  const { method, path, body, headers } = freshCanary(lab.topology)
  const marks = await mark(lab)
  const outsider = await createOutsider(lab, { from: freshAddress() })
  const attempt = await outsider.send({ method, path, body, headers: { ...headers, ...xff } })
  const story = await readStory(lab, marks, { method, path })
  const arrived = story.reports[edge]?.connections.some(({ remoteAddress }) => remoteAddress === attempt.from) ?? false
  return judgeClient({ service, attempt, story, arrived })
}

type FromOutside = { service: string; attempt: Attempt; story: Pick<Story, 'told'>; arrived: boolean }

/** Holds when the service saw the address the client really had. The control: the edge did see it, and it is nobody else's. */
export const judgeClient = ({ service, attempt, story, arrived }: FromOutside): Observed => {
  const record = story.told.find(({ workload }) => workload === service)
  const seen = record?.clientAddress ?? 'none'
  const own = attempt.from ?? 'unknown'
  return {
    verdict: seen === own ? 'holds' : 'broken',
    because:
      seen === own
        ? `the client came from ${own} and stated ${forgedAddress}; ${service} saw ${seen}`
        : `the client came from ${own}; ${service} saw ${seen}${seen === forgedAddress ? ', which is what he stated' : ', which is not his'}`,
    evidence: [
      { kind: 'text', title: 'client address', where: service, text: seen },
      ...(record ? [handled(`what ${service} recorded`, service, record)] : []),
    ],
    control: {
      passed: succeeded(attempt) && record !== undefined && arrived && own !== '127.0.0.1',
      evidence: [
        { kind: 'text', title: 'source address of the connection, seen by the edge', where: 'client', text: own },
        outcome('the request', 'client', attempt),
      ],
    },
  }
}

const fromInside = async (lab: LabClient, hop: Hop): Promise<Observed> => {
  const { caller } = hop.link
  const guise = { statedCaller: idOf(lab.topology, caller), headers: xff, serverName: null }
  const forged = await callFromInside(lab, hop, `an insider says he is ${caller}`, guise)
  const compared = hop.spliced
    ? await callFromInside(lab, hop, 'an insider says nothing', { serverName: null })
    : await callAsCaller(lab, hop, { headers: xff })
  return judgeInsider(hop, forged, compared)
}

/**
 * Broken when the service took the stated address. Holds when the callee refused the connection for lack of a
 * certificate, or, where it meets the public itself, took the address that the connection came from. The control: a
 * genuine proxy is believed; where there is none, the insider did get in.
 */
export const judgeInsider = (hop: Hop, forged: InsiderOutcome, compared: InsiderOutcome): Observed => {
  const { callee } = hop.link
  const { request, refusal, evidence, attempt } = forged
  const allowed = (call: InsiderOutcome) => call.request !== undefined && call.request.denied === undefined
  const believed = allowed(forged) && request?.clientAddress === forgedAddress
  const refused = refusal?.failure?.name === 'no-client-certificate' && !request
  const unbelieved = hop.spliced && allowed(forged) && request?.clientAddress === attempt.from
  const proper = hop.spliced
    ? allowed(compared)
    : wasServed(hop, compared) && compared.request?.clientAddress === forgedAddress
  const told = believed
    ? `an insider stated ${forgedAddress} and ${callee} took it for the customer's address`
    : refused
      ? `${callee} refused the insider for lack of a certificate before he could state an address`
      : `an insider stated ${forgedAddress}; ${callee} saw ${request?.clientAddress ?? 'none'}`
  return {
    verdict: believed ? 'broken' : 'holds',
    because: told,
    evidence,
    control: { passed: proper && (believed || refused || unbelieved), evidence: compared.evidence },
  }
}
