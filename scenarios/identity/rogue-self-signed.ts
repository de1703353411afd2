import { rogueScenario } from '../flows/rogue.ts'
import { unknownSigner } from '../flows/unknown-signer.ts'
import { defineScenario } from '../scenario.ts'

/** A certificate in the real caller's name, signed by its own key. */
export default defineScenario({
  id: 'rogue-self-signed',
  claims: ['I1', 'I2'],
  title: 'Is a caller served whose certificate he signed himself?',
  guarantee: 'a caller with a self-signed certificate is refused on <link>',
  explanation:
    'Somebody on the internal network calls a service with a certificate that he signed himself. Where nobody asks callers for certificates it makes no difference and he is served; under mutual TLS it leads to no trusted root and is refused.',
  ...rogueScenario({
    what: 'a self-signed certificate',
    pair: (lab, { link }) => lab.credentials.selfSigned(link.caller),
    refusedAs: unknownSigner,
  }),
})
