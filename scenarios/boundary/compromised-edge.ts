import { whereTheEdgePassesOn } from '../expected.ts'
import { takeOver } from '../flows/compromised.ts'
import { defineScenario } from '../scenario.ts'

/** The edge holds the client's TLS, or only passes it through. */
export default defineScenario({
  id: 'compromised-edge',
  claims: ['B3', 'B8'],
  title: 'What does somebody read who has taken over the edge?',
  guarantee: 'the edge cannot read what the customer sends',
  explanation:
    "Whoever has taken over the edge has its keys and whatever it decrypts. Where the customer's TLS ends at the edge that is the whole order; where the edge only passes TLS on it holds no key that opens it, and reads nothing.",
  per: 'system',
  expected: whereTheEdgePassesOn,
  run: lab => takeOver(lab, lab.topology.ingress.edge),
})
