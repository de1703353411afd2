import { hopsOf } from '../../services/hops.ts'
import { type Hop, modes } from '../../services/modes.ts'
import { concrete } from '../../services/topology/calls.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { everywhere } from '../expected.ts'
import { isInner } from '../flows/hops.ts'
import type { InsiderOutcome } from '../flows/insider-call.ts'
import { callForUser, userRefusal, wasAnswered, whileTokensChecked } from '../flows/token-checks.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/**
 * The right workload, the wrong user: whoever may call on a link may send all that the link allows, and which of its users
 * may have that done is a question that transport and policy between workloads cannot answer.
 */
export default defineScenario({
  id: 'user-role',
  claims: ['I9'],
  title: 'Does a genuine service get done what its user may not do?',
  guarantee: 'a request that needs a role is refused to users without it, whichever service sends it',
  explanation:
    "The service that may call sends a request reserved for certain users, once for a user without the role and once for one who has it. Policy between workloads lets both pass, as its rule names the workload. Only the check of the role inside the user's token tells them apart, and before it is mounted both are served.",
  per: 'system',
  unless: topology =>
    modes.every(mode => reserved(topology, hopsOf(topology, mode)) !== undefined)
      ? undefined
      : 'no request between services needs a role here',
  expected: everywhere('holds'),
  run: (lab, hops) => tryUserRole(lab, hops, true),
})

type Reserved = { hop: Hop; role: string; method: string; path: string }

/** The first request between services that needs a role. */
const reserved = ({ tokens, ingress }: Topology, hops: readonly Hop[]): Reserved | undefined => {
  const inner = hops.filter(hop => isInner(hop) && hop.link.caller !== ingress.edge)
  for (const { method, path, role } of tokens.roles) {
    const hop = inner.find(({ link }) => link.allow.some(entry => entry.method === method && entry.path === path))
    if (hop) return { hop, role, method, path: concrete(path) }
  }
  return undefined
}

/** The whole experiment; `mounted` false leaves the service as it was, to show how it comes out then. */
export const tryUserRole = async (lab: LabClient, hops: readonly Hop[], mounted: boolean): Promise<Observed> => {
  const { hop, role, method, path } = reserved(lab.topology, hops)!
  const has = await lab.token({ subject: 'grace', roles: [role] })
  const lacks = await lab.token({ subject: 'ada' })
  const ask = async (token: string) => {
    const first = await callForUser(lab, hop, has)
    return callForUser(lab, hop, token, { method, path, body: idsIn(first) })
  }
  const before = await ask(lacks)
  const both = async () => ({ without: await ask(lacks), having: await ask(has) })
  const after = mounted ? await whileTokensChecked(lab, [hop.link.callee], both) : await both()
  return judgeUserRole(hop, role, { before, ...after })
}

/** What the link's usual request made, as the reserved one has to name it: a refund is of a charge. */
const idsIn = ({ attempt }: InsiderOutcome): object => {
  if (!attempt.answered || attempt.status >= 300) return {}
  const answer = JSON.parse(attempt.body) as Record<string, unknown>
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => typeof value === 'string'))
}

type Asked = Record<'before' | 'without' | 'having', InsiderOutcome>

/**
 * Broken when the user without the role was served. The control: it was the role that he lacked and nothing else, for
 * the one who has it was served, over the same link, and before the check was mounted he was too.
 */
export const judgeUserRole = (hop: Hop, role: string, { before, without, having }: Asked): Observed => {
  const { caller, callee } = hop.link
  const served = wasAnswered(hop, without)
  const refused = userRefusal(without) === 'role-missing' && without.request?.rule === hop.link.id
  return {
    verdict: served ? 'broken' : 'holds',
    because: served
      ? `${callee} did for ${caller} what a user without the role ${role} asked for`
      : `${callee} admitted ${caller} by rule ${without.request?.rule} and refused its user: ${userRefusal(without)}`,
    evidence: [
      ...without.evidence,
      ...before.evidence.map(one => ({ ...one, title: `before the check: ${one.title}` })),
    ],
    control: {
      passed: (served || refused) && wasAnswered(hop, having) && wasAnswered(hop, before),
      evidence: having.evidence,
    },
  }
}
