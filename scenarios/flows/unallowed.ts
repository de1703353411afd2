import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import { idOf, strangerTo } from './hops.ts'
import { callAsCaller, callFromInside, type Guise, type InsiderOutcome } from './insider-call.ts'

/**
 * A workload with a certificate of its own makes a request that no link allows it, under its own name. Where money can
 * be had that is a refund: of a charge which the one who may has made just before.
 */
export const callAsStranger = async (lab: LabClient, hop: Hop, when: string): Promise<InsiderOutcome> => {
  const { topology } = lab
  const stranger = strangerTo(topology, hop.link.callee)!
  const asked = paysBack(topology, hop) ? await refundOf(lab, hop) : {}
  const pair = await lab.credentials.stolen(stranger)
  const guise = { pair, statedCaller: idOf(topology, stranger), ...asked }
  return callFromInside(lab, hop, `${stranger}, ${when}`, guise)
}

const paysBack = ({ workloads }: Topology, { link }: Hop): boolean => workloads[link.callee]?.program === 'payments'

const refundOf = async (lab: LabClient, hop: Hop): Promise<Pick<Guise, 'method' | 'path' | 'body'>> => {
  const { attempt } = await callAsCaller(lab, hop)
  const { charge = 'none' } = attempt.answered ? (JSON.parse(attempt.body) as { charge?: string }) : {}
  return { method: 'POST', path: '/refunds', body: { charge } }
}

/** Did policy let it in, by whatever rule? */
export const wasLetIn = ({ request }: InsiderOutcome): boolean => request !== undefined && request.denied === undefined
