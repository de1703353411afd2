import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { count, outcome } from '../flows/evidence.ts'
import { idOf, isInner, strangerTo } from '../flows/hops.ts'
import { callAsCaller, callFromInside, type InsiderOutcome, wasServed } from '../flows/insider-call.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import { type CameBack, comeBackAsAnother } from '../tools/ticket-server.ts'

/**
 * A resumed session carries the identity it began with, and no certificate is looked at again. So a callee that judges
 * callers has to judge the certificate of now: ours gives out nothing that could be resumed.
 */
export default defineScenario({
  id: 'resumption-with-another-identity',
  claims: ['I2', 'I11'],
  title: 'Can a session made by one caller be continued by another?',
  guarantee: 'a session begun with one certificate lends its identity to nobody else on <link>',
  explanation:
    'The real caller’s session is taken up again by somebody who shows another certificate, or none. A server with tickets would take him for the real caller without looking, as a careless server beside the lab does; a callee under mutual TLS makes him prove himself anew. Where callers are not asked at all, he needs no session to be served.',
  per: 'link',
  select: (hop, topology) =>
    isInner(hop) && hop.transport !== 'plaintext' && strangerTo(topology, hop.link.callee) !== undefined,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  async run(lab, hops) {
    const careless = await sufferedBy(lab, hops)
    return new Map(
      await Promise.all(
        hops.map(async hop => [hop.link.id, judgeResumption(await tryOn(lab, hop), careless)] as const),
      ),
    )
  },
})

/** The control: with the same tools and two of the same certificates, a server that gives out tickets is deceived. */
const sufferedBy = async ({ topology, credentials }: LabClient, [hop]: readonly Hop[]): Promise<Careless> => {
  if (!hop) return undefined
  const { caller, callee } = hop.link
  const [first, second] = [await credentials.stolen(caller), await credentials.stolen(strangerTo(topology, callee)!)]
  const back = await comeBackAsAnother(credentials.selfSigned(callee), first, second)
  return { ...back, begunBy: idOf(topology, caller) }
}

type Careless = (CameBack & { begunBy: string }) | undefined

type Tried = { hop: Hop; topology: Topology; tickets: number; genuine: InsiderOutcome; stranger: string } & Record<
  'another' | 'nobody',
  InsiderOutcome
>

const tryOn = async (lab: LabClient, hop: Hop): Promise<Tried> => {
  const { topology } = lab
  const stranger = strangerTo(topology, hop.link.callee)!
  const tickets: Buffer[] = []
  const genuine = await callAsCaller(lab, hop, { onTicket: ticket => tickets.push(ticket) })
  const statedCaller = idOf(topology, hop.link.caller)
  const goOn = (ticket: Buffer | undefined) => ({ statedCaller, ...(ticket ? { session: ticket } : {}) })
  const [first, second = first] = tickets
  const pair = await lab.credentials.stolen(stranger)
  const another = await callFromInside(lab, hop, `${stranger}'s certificate`, { ...goOn(first), pair })
  const nobody = await callFromInside(lab, hop, 'no certificate', goOn(second))
  return { hop, topology, tickets: tickets.length, genuine, stranger, another, nobody }
}

/** Holds when the one was taken for whom his own certificate names, and denied, and the other refused for having none. */
export const judgeResumption = (
  { hop, topology, tickets, genuine, stranger, another, nobody }: Tried,
  careless: Careless,
): Observed => {
  const { caller, callee } = hop.link
  const resumed = [another, nobody].filter(({ connection, attempt }) => connection?.resumed || attempt.tls?.resumed)
  const served = [another, nobody].filter(tried => wasServed(hop, tried))
  const { request } = another
  const asHimself = request?.denied !== undefined && request.caller === idOf(topology, stranger)
  const refused = !nobody.request && nobody.refusal?.failure?.name === 'no-client-certificate'
  const due = asHimself && request.callerBy === 'certificate' && refused
  const deceived = careless?.resumed === true && careless.takenFor === careless.begunBy
  return {
    verdict: served.length > 0 ? 'broken' : 'holds',
    because:
      served.length > 0
        ? `${callee} served ${served.length} who came after ${caller} as ${caller}, ${resumed.length > 0 ? 'in its session' : 'by their word alone'}`
        : `${callee} resumed nothing: it took ${stranger} for ${stranger}, and refused him without a certificate`,
    evidence: [
      count(`session tickets ${callee} gave to ${caller}`, callee, tickets),
      count('of two sessions presented again, resumed', callee, resumed.length),
      ...another.evidence,
      ...nobody.evidence,
    ],
    control: {
      passed: wasServed(hop, genuine) && deceived && (served.length > 0 || (due && resumed.length === 0)),
      evidence: [
        ...genuine.evidence,
        ...(careless
          ? [
              count('tickets a careless server gave', 'a careless server', careless.tickets),
              outcome(
                'whom it took the next one for, who showed another certificate',
                'a careless server',
                careless.attempt,
              ),
            ]
          : []),
      ],
    },
  }
}
