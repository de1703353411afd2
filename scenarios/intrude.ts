import { HopError } from '../pki/error.ts'
import type { KeyPair } from '../services/chassis/tls-options.ts'
import type { Transport } from '../services/chassis/transport.ts'
import { usualHopsOf } from '../services/hops.ts'
import type { Hop } from '../services/modes.ts'
import { idOf, isInner } from './flows/hops.ts'
import { callFromInside, type InsiderOutcome } from './flows/insider-call.ts'
import type { LabClient } from './lab-client.ts'

/** What an insider shows: nothing, something of his own making, or the real certificate of the workload named. */
export type Papers = 'none' | 'self-signed' | 'foreign' | { of: string }

export type Intrusion = { link: string; papers: Papers; says?: string; method?: string; path?: string; body?: unknown }

/** One call of somebody inside the network, as its callee recorded it. */
export type Intruded = {
  link: string
  callee: string
  transport: Transport
  /** `served`: a rule let it through; `denied`: no rule did; `refused`: no request came of the connection. */
  outcome: 'served' | 'denied' | 'refused'
  request: { method: string; path: string } | null
  /** Whom the callee took him for, and what that rested on. */
  caller: string | null
  callerBy: 'certificate' | 'header' | 'nobody'
  rule: string | null
  denied: string | null
  failure: { name: string; code: string } | null
  /** 0 where no answer came. */
  status: number
}

/** Calls a link's callee from inside the network, over whatever that link is carried by now. Throws `link-not-inside`. */
export const intrude = async (lab: LabClient, { link, papers, says, ...asked }: Intrusion): Promise<Intruded> => {
  const { mode } = await lab.state()
  const hop = usualHopsOf(lab.topology, mode).find(each => each.link.id === link && isInner(each))
  if (!hop)
    throw new HopError('link-not-inside', {
      field: 'link',
      expected: `a link between two workloads that is used in ${mode}`,
      found: link,
      remedy: 'hop map shows the hops of this mode',
    })
  const pair = await show(lab, hop, papers)
  const stated = says === undefined ? {} : { statedCaller: idOf(lab.topology, says) }
  const met = await callFromInside(lab, hop, 'an insider', { ...(pair ? { pair } : {}), ...stated, ...asked })
  return told(hop, met)
}

const show = (lab: LabClient, { link }: Hop, papers: Papers): KeyPair | undefined | Promise<KeyPair> => {
  if (papers === 'none') return undefined
  if (papers === 'self-signed') return lab.credentials.selfSigned(link.caller)
  if (papers === 'foreign') return lab.credentials.foreign(link.caller)
  return lab.credentials.stolen(papers.of)
}

/** From the callee's records alone: what the insider himself believes does not count. */
export const told = ({ link, transport }: Hop, { attempt, request, refusal }: InsiderOutcome): Intruded => ({
  ...{ link: link.id, callee: link.callee, transport },
  outcome: request === undefined ? 'refused' : request.rule === undefined ? 'denied' : 'served',
  request: request ? { method: request.method, path: request.path } : null,
  caller: request?.caller ?? null,
  callerBy: request?.callerBy ?? 'nobody',
  rule: request?.rule ?? null,
  denied: request && request.rule === undefined ? (request.denied ?? 'no decision') : null,
  failure: request ? null : (refusal?.failure ?? (attempt.answered ? null : attempt.failure)),
  status: attempt.answered ? attempt.status : 0,
})
