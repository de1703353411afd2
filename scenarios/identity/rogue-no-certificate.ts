import { rogueScenario } from '../flows/rogue.ts'
import { defineScenario } from '../scenario.ts'

/** Under plain TLS a rogue is as encrypted as anybody; only mutual TLS asks who he is. */
export default defineScenario({
  id: 'rogue-no-certificate',
  claims: ['I1', 'I2'],
  title: 'Is a caller served who has no certificate?',
  guarantee: 'a caller without a certificate is refused on <link>',
  ...rogueScenario({ what: 'no certificate', refusedAs: ['no-client-certificate'] }),
})
