import { assertionHeader } from '../../services/chassis/propagation.ts'
import { clientLink, entryOf, splicedLink } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { count, outcome, succeeded } from '../flows/evidence.ts'
import { idOf, strangerTo } from '../flows/hops.ts'
import { callAsCaller, type InsiderOutcome } from '../flows/insider-call.ts'
import { listenIn } from '../flows/listen-in.ts'
import { mark } from '../flows/records.ts'
import { readStory, type Told } from '../flows/story.ts'
import { serviceHop, userRefusal, wasAnswered, whileTokensChecked, withoutService } from '../flows/token-checks.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { forgeAssertion } from '../tools/forged-tokens.ts'

/**
 * One place checks what the public brings, and vouches for it in a form that everybody further in can check: signed with
 * the certificate that makes it what it is. Where the edge only passes TLS on it has no token to check.
 */
export default defineScenario({
  id: 'auth-offload',
  claims: ['C5'],
  title: 'Can the edge check users once, for all services behind it?',
  guarantee: "the edge checks a user's token once, and services get an identity they can check",
  explanation:
    "Every workload asks who the user is, and a customer sends one request with a token. An edge that ends TLS checks the token and passes on what it found, signed with its own certificate; the token goes no further, and what others have signed or merely say is refused. An edge that passes TLS on sees no token, so the service has to do the edge's work.",
  per: 'system',
  unless: withoutService,
  expected: whereTheEdgeReads,
  run: (lab, hops) =>
    whileTokensChecked(lab, Object.keys(lab.topology.workloads), async () => {
      const { edge } = lab.topology.ingress
      const customer = await order(lab)
      return judgeOffload({ edge, hop: serviceHop(hops, lab.topology)!, customer, ...(await vouch(lab, hops)) })
    }),
})

/** `arrived`: the token can be read at the entrance with everybody's keys. `further`: links behind where it can. */
type Customer = {
  subject: string
  attempt: Attempt
  told: readonly Told[]
  arrived: boolean
  further: readonly string[]
}

const order = async (lab: LabClient): Promise<Customer> => {
  const subject = 'ada'
  const token = await lab.token({ subject, roles: lab.topology.tokens.roles.map(({ role }) => role) })
  const marks = await mark(lab)
  const { canary, answer, raw, decrypted } = await listenIn(lab, { authorization: `Bearer ${token}` })
  const { told } = await readStory(lab, marks, canary)
  const carries = (link: string) =>
    raw(link).includes(token) || decrypted(link, Object.keys(lab.topology.workloads)).includes(token)
  const entrance = [clientLink(lab.topology).id, splicedLink(lab.topology).id]
  const inner = lab.topology.links.map(({ id }) => id).filter(id => !entrance.includes(id))
  return { subject, attempt: answer, told, arrived: entrance.some(carries), further: inner.filter(carries) }
}

type Vouched = Record<'genuine' | 'stolen' | 'said', InsiderOutcome>

/** The service's genuine caller brings three words for a user: of whoever meets the public now, of a stranger in his name, of nobody. */
const vouch = async (lab: LabClient, hops: readonly Hop[]): Promise<Vouched> => {
  const { topology } = lab
  const hop = serviceHop(hops, topology)!
  const { mode } = await lab.state()
  const entry = entryOf(topology, mode)
  const roles = topology.tokens.roles.map(({ role }) => role)
  const claims = { iss: idOf(topology, entry), sub: 'eve', aud: topology.trustDomain, roles }
  const by = async (name: string) => forgeAssertion(await lab.credentials.stolen(name), claims)
  const bring = (assertion: string) =>
    callAsCaller(lab, hop, { headers: { authorization: '', [assertionHeader]: assertion } })
  return {
    genuine: await bring(await by(entry)),
    stolen: await bring(await by(strangerTo(topology, hop.link.callee) ?? hop.link.caller)),
    said: await bring('eve'),
  }
}

type Seen = Vouched & { edge: string; hop: Hop; customer: Customer }

/**
 * Holds when the edge alone checked a token and kept it, everybody behind it took its word, and no other word was taken.
 * The control: the token did arrive, the request got through to the end with its user known, and a word under the ingress's certificate is taken.
 */
export const judgeOffload = ({ edge, hop, customer, genuine, stolen, said }: Seen): Observed => {
  const { subject, attempt, told, arrived, further } = customer
  const checked = told.filter(({ userBy }) => userBy === 'token').map(({ workload }) => workload)
  const trusting = told.filter(({ userBy }) => userBy === 'assertion').map(({ workload }) => workload)
  const forgeries = [stolen, said]
  const believed = forgeries.filter(forged => wasAnswered(hop, forged))
  const refused = forgeries.filter(forged => userRefusal(forged) === 'assertion-forged')
  const once = checked.length === 1 && checked[0] === edge
  const everybody = told.length > 1 && told.every(record => record.user === subject || record.workload === edge)
  return {
    verdict: once && believed.length === 0 && further.length === 0 ? 'holds' : 'broken',
    because:
      believed.length > 0
        ? `${hop.link.callee} took a forged word for who the user is`
        : once && further.length > 0
          ? `${edge} checked the token and passed it on all the same, over ${further.join(', ')}`
          : once
            ? `${edge} checked the token, which went no further, and ${trusting.length} workloads took its signed word; forged ones were refused`
            : `the token was checked by ${checked.join(', ') || 'nobody'}${checked.includes(edge) ? '' : `; ${edge} saw none`}`,
    evidence: [
      count('workloads that checked the token', checked.join(', ') || 'nobody', checked.length),
      count('workloads that took a signed word for it', trusting.join(', ') || 'nobody', trusting.length),
      count('links behind the entrance on which the token passed', further.join(', ') || 'none', further.length),
      ...stolen.evidence.map(one => ({ ...one, title: `a word under a stranger's certificate: ${one.title}` })),
      ...said.evidence.map(one => ({ ...one, title: `a word nobody signed: ${one.title}` })),
    ],
    control: {
      passed:
        succeeded(attempt) &&
        everybody &&
        arrived &&
        checked.length + trusting.length > 1 &&
        wasAnswered(hop, genuine) &&
        genuine.request?.user === 'eve' &&
        believed.length + refused.length === forgeries.length,
      evidence: [outcome("the customer's request", 'client', attempt), ...genuine.evidence],
    },
  }
}
