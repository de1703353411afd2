import { expect, test } from 'vitest'
import { decide } from '../../../services/chassis/policy.ts'
import { planOf } from '../../../services/control/rollout/plan.ts'
import { planAt, steps } from '../../../services/control/rollout/steps.ts'
import { modes } from '../../../services/modes.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')

test('the gateway is known to orders by its own link in every step between any two modes', () => {
  for (const from of modes)
    for (const to of modes)
      for (const step of steps) {
        const { rules } = planAt(step, planOf(shop, from), planOf(shop, to), shop).orders!
        const own = rules.find(({ link }) => link === 'gateway:orders')
        for (const transport of own?.transports ?? []) {
          const question = { caller: 'spiffe://hop.lab/gateway', transport, method: 'POST', path: '/orders' }
          expect(decide(rules, question), `${from} > ${to}, ${step}`).toMatchObject({
            rule: { link: 'gateway:orders' },
          })
        }
      }
})
