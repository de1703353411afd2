import { whereTheEdgePassesOn } from '../expected.ts'
import { takeOver } from '../flows/compromised.ts'
import { gatewayOf } from '../flows/hops.ts'
import { defineScenario } from '../scenario.ts'

/** The workload between edge and service: every request is decrypted there once more, unless TLS goes past it. */
export default defineScenario({
  id: 'compromised-gateway',
  claims: ['B3', 'B8'],
  title: 'What does somebody read who has taken over the gateway?',
  guarantee: 'the gateway cannot read what the customer sends',
  explanation:
    'Whoever has taken over the gateway has what it decrypts. Where requests are routed through it, it opens each one, however well the hops around it are encrypted; under passthrough nothing of the order comes its way.',
  per: 'system',
  unless: topology =>
    gatewayOf(topology) === undefined ? 'nothing stands between the edge and the service' : undefined,
  expected: whereTheEdgePassesOn,
  run: lab => takeOver(lab, gatewayOf(lab.topology)!),
})
