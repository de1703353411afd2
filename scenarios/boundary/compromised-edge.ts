import { takeOver } from '../flows/compromised.ts'
import { defineScenario } from '../scenario.ts'

/** The edge holds the client's TLS, or only passes it through. */
export default defineScenario({
  id: 'compromised-edge',
  claims: ['B3', 'B8'],
  title: 'What does somebody read who has taken over the edge?',
  guarantee: 'the edge cannot read what the customer sends',
  per: 'system',
  expected: {
    'edge-terminate-plaintext': 'broken',
    're-encrypt': 'broken',
    mtls: 'broken',
    passthrough: 'holds',
    hybrid: 'broken',
  },
  run: lab => takeOver(lab, lab.topology.ingress.edge),
})
