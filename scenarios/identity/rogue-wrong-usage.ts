import { rogueScenario } from '../flows/rogue.ts'
import { defineScenario } from '../scenario.ts'

/** The real caller's name from the real authority, for signing code. */
export default defineScenario({
  id: 'rogue-wrong-usage',
  claims: ['I1', 'I2'],
  title: 'Is a caller served whose certificate was made for something else?',
  explanation:
    'The lab’s own authority signs a certificate in the real caller’s name that is meant for signing code, and an insider calls with it. Name, dates and signature are all in order; a callee that asks for certificates refuses it for its extended key usage, the others never see it.',
  guarantee: 'a caller with a certificate for another use is refused on <link>',
  ...rogueScenario({
    what: 'a certificate for another use',
    pair: (lab, { link }) => lab.credentials.faulty(link.caller, ['wrong-usage']),
    refusedAs: ['wrong-usage'],
  }),
})
