import { expect, test } from 'vitest'
import { decide } from '../../../services/chassis/policy.ts'
import { checkCanary } from '../../../services/control/rollout/canary.ts'
import { backFrom, planDuring } from '../../../services/control/rollout/during.ts'
import { nextRow, type SwitchWish } from '../../../services/control/rollout/next-row.ts'
import { type Plan, planOf, workloadId } from '../../../services/control/rollout/plan.ts'
import { type Step, steps } from '../../../services/control/rollout/steps.ts'
import type { RolloutRow } from '../../../services/control/state/rollout-row.ts'
import { type Mode, modes } from '../../../services/modes.ts'
import { concrete } from '../../../services/topology/calls.ts'
import { readTopology } from '../../../services/topology/file.ts'

const shop = readTopology('topologies/shop.yaml')
const names = Object.keys(shop.workloads)

const canBe = (from: Mode, to: Mode, canary: string[]): boolean => {
  try {
    checkCanary(shop, from, to, canary)
    return true
  } catch {
    return false
  }
}

const pairs = modes.flatMap(from =>
  modes.flatMap(to => names.filter(name => canBe(from, to, [name])).map(name => [from, to, name] as const)),
)

/** Every plan everybody goes through, in order, as far as `until`, and back from there if asked to. */
const walk = (from: Mode, to: Mode, wishes: [SwitchWish, Step][], back: boolean): Plan[] => {
  const plans = [planOf(shop, from)]
  let row: RolloutRow | undefined
  const go = (until: Step) => {
    for (; row; ) {
      plans.push(planDuring(row, from, shop))
      if (row.step === until && until !== 'narrow') return
      const step: Step | undefined = steps[steps.indexOf(row.step) + 1]
      if (!step) {
        plans.push(planOf(shop, row.to))
        return
      }
      row = { ...row, step, reached: false, moved: [] }
    }
  }
  for (const [wish, until] of wishes) {
    row = nextRow({ topology: shop, settled: from, row }, to, wish)
    go(until)
    row = row && { ...row, reached: true }
  }
  if (back && row) {
    row = backFrom(row)
    go('narrow')
  }
  return plans
}

/** Links on which somebody would be turned away while some are still at one plan and others at the next already. */
const torn = (plans: readonly Plan[]): string[] =>
  plans.slice(1).flatMap((next, i) => {
    const both = [plans[i]!, next]
    return both.flatMap(mine =>
      both.flatMap(theirs =>
        names.flatMap(caller =>
          mine[caller]!.upstreams.filter(({ link, callee, transport }) => {
            const { accepts, rules } = theirs[callee]!
            const { method, path } = shop.links.find(each => each.id === link)!.allow[0]!
            const question = { caller: workloadId(shop, caller), transport, method, path: concrete(path) }
            return !accepts.includes(transport) || !decide(rules, question).allowed
          }).map(({ link, transport }) => `${link} by ${transport} at ${i}`),
        ),
      ),
    )
  })

const canary = (...names: string[]): SwitchWish => ({ canary: names })

test.each(pairs)('from %s to %s by way of %s: nobody is turned away on any way there or back', (from, to, name) => {
  const ways: [[SwitchWish, Step][], boolean][] = [
    [
      [
        [canary(name), 'move'],
        [{}, 'narrow'],
      ],
      false,
    ],
    [[[canary(name), 'widen']], true],
    [[[canary(name), 'move']], true],
    [
      [
        [canary(name), 'move'],
        [{}, 'widen'],
      ],
      true,
    ],
    [
      [
        [canary(name), 'move'],
        [{}, 'move'],
      ],
      true,
    ],
    [
      [
        [canary(name), 'widen'],
        [{}, 'narrow'],
      ],
      false,
    ],
  ]
  for (const [wishes, back] of ways) {
    const plans = walk(from, to, wishes, back)
    expect(torn(plans)).toEqual([])
    expect(plans.at(-1)).toEqual(planOf(shop, back ? from : to))
  }
})

test('only links into the canary go the new way, and they stay there while the others are widened', () => {
  const [from, to] = ['edge-terminate-plaintext', 'mtls'] as const
  const ways = (plan: Plan) => Object.fromEntries(plan.orders!.upstreams.map(each => [each.callee, each.transport]))
  const plans = walk(
    from,
    to,
    [
      [canary('payments'), 'move'],
      [{}, 'widen'],
    ],
    false,
  )
  const alone = { payments: 'mtls', inventory: 'plaintext', shipping: 'plaintext' }
  expect(plans.map(ways).slice(-2)).toEqual([alone, alone])
  expect(plans.map(plan => plan.inventory!.accepts.length)).toEqual([1, 1, 1, 2])
})

test('a larger canary takes the smaller one along; another one is refused', () => {
  const [settled, to] = ['edge-terminate-plaintext', 'mtls'] as const
  const first = {
    ...nextRow({ topology: shop, settled, row: undefined }, to, canary('payments')),
    step: 'move' as const,
  }
  const row = { ...first, reached: true }
  const wider = nextRow({ topology: shop, settled, row }, to, canary('payments', 'inventory'))
  expect(wider).toMatchObject({ step: 'widen', moved: ['payments'], canary: ['payments', 'inventory'], stopAt: 'move' })
  expect(() => nextRow({ topology: shop, settled, row }, to, canary('inventory'))).toThrow(
    expect.objectContaining({ code: 'canary-invalid' }),
  )
  const forAll = { ...row, canary: null }
  expect(() => nextRow({ topology: shop, settled, row: forAll }, to, canary('inventory'))).toThrow(
    expect.objectContaining({ code: 'canary-invalid', found: 'inventory' }),
  )
})

test('where clients come in another way, nobody can go first', () => {
  expect(canBe('mtls', 'passthrough', ['payments'])).toBe(false)
  expect(canBe('edge-terminate-plaintext', 'passthrough', ['payments'])).toBe(false)
  expect(canBe('mtls', 'hybrid', ['inventory'])).toBe(true)
  expect(canBe('mtls', 'hybrid', ['payments'])).toBe(false)
  expect(canBe('mtls', 're-encrypt', ['mallory'])).toBe(false)
})
