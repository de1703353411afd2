import { takeOver } from '../flows/compromised.ts'
import { gatewayOf } from '../flows/hops.ts'
import { defineScenario } from '../scenario.ts'

/** The workload between edge and service: every request is decrypted there once more, unless TLS goes past it. */
export default defineScenario({
  id: 'compromised-gateway',
  claims: ['B3', 'B8'],
  title: 'What does somebody read who has taken over the gateway?',
  guarantee: 'the gateway cannot read what the customer sends',
  per: 'system',
  unless: topology =>
    gatewayOf(topology) === undefined ? 'nothing stands between the edge and the service' : undefined,
  expected: {
    'edge-terminate-plaintext': 'broken',
    're-encrypt': 'broken',
    mtls: 'broken',
    // Not because it defends itself: nothing is routed through it.
    passthrough: 'holds',
    hybrid: 'broken',
  },
  run: lab => takeOver(lab, gatewayOf(lab.topology)!),
})
