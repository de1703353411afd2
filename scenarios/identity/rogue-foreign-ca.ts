import { rogueScenario } from '../flows/rogue.ts'
import { unknownSigner } from '../flows/unknown-signer.ts'
import { defineScenario } from '../scenario.ts'

/** A well-made certificate in the real caller's name, from an authority of the attacker's own. */
export default defineScenario({
  id: 'rogue-foreign-ca',
  claims: ['I1', 'I2'],
  title: 'Is a caller served whose certificate comes from another authority?',
  guarantee: 'a caller with a certificate from a foreign CA is refused on <link>',
  explanation:
    "Somebody on the internal network calls a service with a proper certificate of an authority that the lab does not know. Where nobody asks callers for certificates he is served; under mutual TLS only chains to the lab's own authority count, so he is refused.",
  ...rogueScenario({
    what: 'a certificate from a foreign CA',
    pair: (lab, { link }) => lab.credentials.foreign(link.caller),
    refusedAs: unknownSigner,
  }),
})
