import { rogueScenario } from '../flows/rogue.ts'
import { defineScenario } from '../scenario.ts'

/** The real caller's name from the real authority, an hour too late. */
export default defineScenario({
  id: 'rogue-expired',
  claims: ['I1', 'I2', 'I11'],
  title: 'Is a caller served whose certificate has expired?',
  explanation:
    'The lab’s own authority signs a certificate in the real caller’s name whose time is over, and an insider calls with it. Only where the callee asks for a certificate does anybody look at its dates; everywhere else he is as good as any caller.',
  guarantee: 'a caller with an expired certificate is refused on <link>',
  ...rogueScenario({
    what: 'an expired certificate',
    pair: (lab, { link }) => lab.credentials.faulty(link.caller, ['expired']),
    refusedAs: ['certificate-expired'],
  }),
})
