import { rogueScenario } from '../flows/rogue.ts'
import { defineScenario } from '../scenario.ts'

/** Under plain TLS a rogue is as encrypted as anybody; only mutual TLS asks who he is. */
export default defineScenario({
  id: 'rogue-no-certificate',
  claims: ['I1', 'I2'],
  title: 'Is a caller served who has no certificate?',
  guarantee: 'a caller without a certificate is refused on <link>',
  explanation:
    'Somebody on the internal network calls a service and presents nothing, but states the name of its usual caller. Plaintext and one-sided TLS ask the caller for no proof, so he is served; mutual TLS asks, and the handshake ends there.',
  ...rogueScenario({ what: 'no certificate', refusedAs: ['no-client-certificate'] }),
})
