import { whereTheEdgeReads } from '../expected.ts'
import { type Attacked, attackFromOutside } from '../flows/attack-from-outside.ts'
import { handled, outcome, succeeded } from '../flows/evidence.ts'
import { whileMounted } from '../flows/l7-places.ts'
import { defineScenario, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'l7-control',
  claims: ['C1', 'C7'],
  title: 'Is an attack filtered before it reaches the service?',
  guarantee: 'an attack pattern does not reach the service',
  explanation:
    'A request with an attack in it is sent to the public name. An edge that ends TLS reads it and refuses it by rule; one that passes TLS on sees a server name and bytes, so the attack arrives at the service.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const honest = await attackFromOutside(lab, '')
    const unguarded = await whileMounted(lab, [], () => attackFromOutside(lab))
    const attacked = await attackFromOutside(lab)
    return judgeFilter({ edge, service, honest, unguarded, attacked })
  },
})

/** `unguarded`: the attack while the policy pack is mounted nowhere. */
type Runs = { edge: string; service: string; honest: Attacked; unguarded: Attacked; attacked: Attacked }

/**
 * Judged by whose records have it. The control: an honest request reaches the service, so does the attack where nobody
 * filters, and otherwise it got to somebody.
 */
export const judgeFilter = ({ edge, service, honest, unguarded, attacked }: Runs): Observed => {
  const reached = ({ told }: Attacked) => told.some(({ workload }) => workload === service)
  const refusal = attacked.told.find(({ workload }) => workload === edge)?.failure?.name
  const arrived = reached(attacked)
  const unread = attacked.told.every(({ workload }) => workload !== edge)
  return {
    verdict: arrived ? 'broken' : 'holds',
    because: arrived
      ? `${service} handled the attack; ${unread ? `it passed ${edge} unread` : `${edge} read it and let it pass`}`
      : `${edge} refused the attack as ${refusal}; nothing of it reached ${service}`,
    evidence: [
      outcome('what the attacker got', 'client', attacked.attempt),
      ...attacked.told.map(told => handled(`what ${told.workload} recorded`, told.workload, told)),
      outcome('what the attacker got where nobody filters', 'client', unguarded.attempt),
    ],
    control: {
      passed: succeeded(honest.attempt) && reached(honest) && reached(unguarded) && (arrived || refusal === 'filtered'),
      evidence: [
        outcome('an honest request', 'client', honest.attempt),
        outcome('the attack where nobody filters', 'client', unguarded.attempt),
      ],
    },
  }
}
