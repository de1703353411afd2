import { usualHopsOf } from '../../services/hops.ts'
import { client } from '../../services/topology/topology.ts'
import { failed, outcome, succeeded } from '../flows/evidence.ts'
import type { InsiderOutcome } from '../flows/insider-call.ts'
import { wasServed } from '../flows/insider-call.ts'
import { isChecked, type Round, type UncheckedRevocation, withoutLists } from '../flows/unchecked-revocation.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

/**
 * Sooner or later a revocation list is late. Failing closed makes that an outage of everything that is verified; failing
 * open keeps the business going and lets in who was revoked since. It must be a decision, not a surprise.
 */
export default defineScenario({
  id: 'crl-fails-closed-or-open',
  claims: ['L5'],
  title: 'What happens when the revocation lists run out, or are not there at all?',
  guarantee: 'nobody is let in whose revocation cannot be checked, unless it was decided that he should be',
  explanation:
    'The lists are left to expire, then withheld. Under hard-fail every new connection that is verified must stop, the order too, each side naming what it lacks. Under soft-fail orders go on: who was revoked while lists were still made stays out, who was revoked since is served until there are lists again. Where no certificate is checked between workloads, nothing of this is noticed.',
  per: 'system',
  unless: ({ links }) =>
    links.some(({ caller }) => caller !== client) ? undefined : 'no workload of this topology calls another',
  expected: (mode, topology) => (usualHopsOf(topology, mode).some(isChecked) ? 'holds' : 'broken'),
  run: async (lab, hops) => judgeWithoutLists(await withoutLists(lab, hops), hops.some(isChecked)),
})

/**
 * Holds when hard-fail let nothing new through. The control: all went well before and after, every refusal names the list
 * it lacked, and under soft-fail the known stayed out while the unknown got in: so it is the list that would have told.
 */
export const judgeWithoutLists = (seen: UncheckedRevocation, checked: boolean): Observed => {
  const { before, stale, missing, soft, after } = seen
  const closed = [stale, missing].filter(round => round !== undefined)
  const through = closed.some(wentThrough)
  const holds = checked && !through
  const due = !holds || (stale !== undefined && lacked(stale, 'crl-stale') && lacked(missing, 'crl-missing'))
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `with lists run out, then missing, every verified connection was refused for it, and the order with them; under soft-fail orders went on, and ${sinceRevoked(soft.unknown)}`
      : checked
        ? 'connections went through whose revocation nobody could check'
        : 'no connection between workloads is verified: with no lists at all everything went on',
    evidence: [
      ...(stale ? shown(stale, 'lists run out, hard-fail') : []),
      ...shown(missing, 'no lists, hard-fail'),
      ...shown(soft, 'lists run out, soft-fail'),
      ...[...soft.known, ...soft.unknown, ...after.unknown].flatMap(({ evidence }) => evidence),
    ],
    control: {
      passed: [before, soft, after].every(allServed) && due && softFailTold(seen),
      evidence: [...shown(before, 'with lists'), ...shown(after, 'with lists again')],
    },
  }
}

const wentThrough = ({ order, refused, callees }: Round): boolean =>
  (succeeded(order) && refused.length === 0) || callees.some(({ hop, outcome: call }) => wasServed(hop, call))

const allServed = ({ order, callees }: Round): boolean =>
  succeeded(order) && callees.every(({ hop, outcome: call }) => wasServed(hop, call))

/** A caller said so of its callee, and every callee that asks for certificates of its caller; nobody said anything else. */
const lacked = ({ refused, callees }: Round, failure: 'crl-stale' | 'crl-missing'): boolean =>
  refused.length > 0 &&
  refused.every(record => record.failure?.name === failure) &&
  callees.every(({ outcome: call }) => call.refusal?.failure?.name === failure)

const isRevoked = ({ request, refusal }: InsiderOutcome): boolean => !request && refusal?.failure?.name === 'revoked'

const softFailTold = ({ soft, after }: UncheckedRevocation): boolean =>
  soft.known.every(isRevoked) &&
  soft.unknown.every(({ request }) => request?.rule !== undefined) &&
  after.unknown.every(isRevoked)

const sinceRevoked = (unknown: readonly InsiderOutcome[]): string =>
  unknown.length === 0
    ? 'no callee asks its callers for a certificate that could be revoked'
    : `a credential that was revoked meanwhile was served by ${unknown.filter(({ request }) => request).length} of ${unknown.length} callees`

const shown = ({ order, refused, callees }: Round, what: string): Evidence[] => [
  outcome(`${what}: what the customer got`, 'client', order),
  ...refused.slice(0, 1).map(record => failed(`${what}: what the caller recorded`, record.link ?? 'client', record)),
  ...callees.flatMap(({ outcome: { evidence } }) => evidence.slice(-1)),
]
