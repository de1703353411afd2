import { rogueScenario } from '../flows/rogue.ts'
import { unknownSigner } from '../flows/unknown-signer.ts'
import { defineScenario } from '../scenario.ts'

/** A certificate in the real caller's name, signed by its own key. */
export default defineScenario({
  id: 'rogue-self-signed',
  claims: ['I1', 'I2'],
  title: 'Is a caller served whose certificate he signed himself?',
  guarantee: 'a caller with a self-signed certificate is refused on <link>',
  ...rogueScenario({
    what: 'a self-signed certificate',
    pair: (lab, { link }) => lab.credentials.selfSigned(link.caller),
    refusedAs: unknownSigner,
  }),
})
