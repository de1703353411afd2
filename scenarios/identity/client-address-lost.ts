import { whereTheEdgeReads } from '../expected.ts'
import { type Seen, seeAddress, tellAddress } from '../flows/stated-address.ts'
import { whileSwitched } from '../flows/switched.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/** What a PROXY header is for, shown by leaving it away. */
export default defineScenario({
  id: 'client-address-lost',
  claims: ['I8', 'C7'],
  title: 'Does the service know who connected if the edge does not pass it on in front of the connection?',
  guarantee: "the customer's address reaches the service without a PROXY header",
  explanation:
    'The edge is told to send no PROXY header, and a customer with an address of his own places an order. An edge that opens requests still states the address it saw; one that only passes TLS on has no other way to say it, so the service takes the edge for every customer: limits, logs and blocks by address then hit all or nobody. The same request with the header switched on is seen with the right address.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab) {
    const silent = await whileSwitched(
      lab,
      'proxyProtocol',
      () => 'off',
      () => seeAddress(lab),
    )
    const stating = await whileSwitched(
      lab,
      'proxyProtocol',
      () => 'edge',
      () => seeAddress(lab),
    )
    return judgeLost(silent, stating)
  },
})

/** Broken when the service saw another address than the customer's. The control: with the header it sees the right one. */
export const judgeLost = (silent: Seen, stating: Seen): Observed => {
  const without = tellAddress(silent)
  const control = tellAddress(stating)
  return {
    verdict: without.known ? 'holds' : 'broken',
    because: `without a PROXY header ${without.told}`,
    evidence: [...without.evidence, ...without.about],
    control: {
      passed: without.judged && control.judged && control.known,
      evidence: [...control.evidence, ...control.about],
    },
  }
}
