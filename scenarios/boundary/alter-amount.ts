import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { type Altered, alteredField, alterOnce } from '../flows/alteration.ts'
import { count, outcome } from '../flows/evidence.ts'
import { defineScenario, eachLink, type Observed } from '../scenario.ts'

/**
 * Somebody on the wire changes the amount. In plaintext he replaces its digits. Under TLS he cannot find them, so he
 * changes bytes of the record that carries them, which is all that is left to him.
 */
export default defineScenario({
  id: 'alter-amount',
  claims: ['B4'],
  title: 'Can somebody on the network change what a customer pays?',
  guarantee: 'the amount cannot be changed unnoticed on <link>',
  explanation:
    'Somebody on the wire changes the amount of an order in flight. In plaintext he replaces the digits and nobody can tell; a TLS record carries a proof of its content, so a changed one is noticed and the connection ends before anything is charged.',
  per: 'link',
  select: ({ link }, topology: Topology) => link.data.includes(alteredField(topology) ?? ''),
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  run: eachLink(async (lab, hop) => judgeAlteration(hop, await alterOnce(lab, hop))),
})

/**
 * Broken when the system answers with the attacker's value. Holds when the changed record was detected as such by name,
 * and nobody completed anything, the callee or who comes after it. The control: unaltered, the same request passes with its own value.
 */
export const judgeAlteration = ({ link }: Hop, altered: Altered): Observed => {
  const { field, control, attempt, accepted, failure, completed, hits } = altered
  const evidence = [
    count('bytes or values changed in flight', link.id, hits),
    outcome('what the customer got', 'client', attempt),
    ...(failure ? [failure.evidence] : []),
    count(`requests completed by ${link.callee} or behind it`, link.callee, completed),
  ]
  const detected = failure?.name === 'tls-record' && completed === 0
  return {
    verdict: accepted ? 'broken' : 'holds',
    because: accepted
      ? `the changed ${field} was taken for the customer's`
      : `the change was detected (${failure?.name}), and nothing was completed by ${link.callee} or behind it`,
    evidence,
    control: {
      passed: control.passed && hits > 0 && (accepted || detected),
      evidence: [outcome('unaltered', 'client', control.attempt), ...(accepted || detected ? [] : evidence)],
    },
  }
}
