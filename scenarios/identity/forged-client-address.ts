import type { Hop } from '../../services/modes.ts'
import { idOf, isClients } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import { forgedAddress, type Seen, seeAddress, statedAddress, tellAddress } from '../flows/stated-address.ts'
import type { LabClient } from '../lab-client.ts'
import { allLinks, defineScenario, type Observed } from '../scenario.ts'
import { forge, wasRefused } from './forged-proxy-header.ts'

/**
 * Which address does the service take for the customer's? An edge that reads the request states the one it sees, whatever
 * the client says; one that only splices says it in a PROXY header in front. An insider who is taken for a proxy is
 * believed: that is so wherever a name suffices to be one, so where the last hop is not mutual TLS. Where the service
 * meets the public itself only the edge may put a PROXY header in front, and an insider is one more client.
 */
export default defineScenario({
  id: 'forged-client-address',
  claims: ['I8'],
  title: "Does the service know the customer's address, whatever anybody states?",
  guarantee: 'nobody on <link> passes for another address than his own',
  explanation:
    'A client, and then an insider, state an address that is not theirs in every header there is for it. An edge that reads requests replaces what the client says by what it sees; one that only passes TLS on says it in a PROXY header, which the service believes from the edge alone. Inside, whoever passes for a proxy is believed, which only mutual TLS prevents.',
  per: 'link',
  select: (hop, { ingress }) => isClients(hop) || hop.link.callee === ingress.passthroughTo,
  expected: hop => (isClients(hop) || hop.spliced || hop.transport === 'mtls' ? 'holds' : 'broken'),
  run: allLinks(async (lab, hop) => (isClients(hop) ? judgeClient(await seeAddress(lab)) : fromInside(lab, hop))),
})

/** Holds when the service saw the address the client really had. The control: the edge did see it, and it is nobody else's. */
export const judgeClient = (seen: Seen): Observed => {
  const { known, told, evidence, about, judged } = tellAddress(seen)
  return { verdict: known ? 'holds' : 'broken', because: told, evidence, control: { passed: judged, evidence: about } }
}

const fromInside = async (lab: LabClient, hop: Hop): Promise<Observed> => {
  const { caller } = hop.link
  const headers = statedAddress(forgedAddress)
  const guise = { statedCaller: idOf(lab.topology, caller), headers, serverName: null }
  const forged = await callFromInside(lab, hop, `an insider says he is ${caller}`, guise)
  const compared = hop.spliced
    ? await callFromInside(lab, hop, 'an insider says nothing', { serverName: null })
    : await callAsCaller(lab, hop, { headers })
  const inFront = hop.spliced ? await forge(lab, hop, 'as the lab is set') : undefined
  return judgeInsider(hop, { forged, inFront, compared })
}

type Inside = { forged: InsiderOutcome; inFront: InsiderOutcome | undefined; compared: InsiderOutcome }

/**
 * Broken when the service took the stated address. Holds when the callee refused the connection for lack of a
 * certificate, or, where it meets the public itself, took the address that the connection came from and no PROXY header
 * of his. The control: a genuine proxy is believed; where there is none, the insider did get in.
 */
export const judgeInsider = (hop: Hop, { forged, inFront, compared }: Inside): Observed => {
  const { callee } = hop.link
  const { request, refusal, evidence, attempt } = forged
  const allowed = (call: InsiderOutcome) => call.request !== undefined && call.request.denied === undefined
  const tricked = (call: InsiderOutcome) => allowed(call) && call.request?.clientAddress === forgedAddress
  const byHeader = inFront !== undefined && tricked(inFront)
  const believed = tricked(forged) || byHeader
  const refused = refusal?.failure?.name === 'no-client-certificate' && !request
  const unbelieved =
    hop.spliced &&
    allowed(forged) &&
    request?.clientAddress === attempt.from &&
    inFront !== undefined &&
    wasRefused(inFront)
  const proper = hop.spliced
    ? allowed(compared)
    : wasServed(hop, compared) && compared.request?.clientAddress === forgedAddress
  const told = believed
    ? `an insider stated ${forgedAddress}${byHeader ? ' in a PROXY header' : ''} and ${callee} took it for the customer's address`
    : refused
      ? `${callee} refused the insider for lack of a certificate before he could state an address`
      : `an insider stated ${forgedAddress}; ${callee} saw ${request?.clientAddress ?? 'none'}${unbelieved ? ', and refused his PROXY header' : ''}`
  return {
    verdict: believed ? 'broken' : 'holds',
    because: told,
    evidence: [...evidence, ...(inFront?.evidence ?? [])],
    control: { passed: proper && (believed || refused || unbelieved), evidence: compared.evidence },
  }
}
