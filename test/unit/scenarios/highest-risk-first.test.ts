import { expect, test } from 'vitest'
import { judgeOrder } from '../../../scenarios/migration/highest-risk-first.ts'
import { linkChanges } from '../../../scenarios/plan/changing-links.ts'
import { shop } from './outcomes.ts'

const wanted = ['orders:payments', 'edge:gateway', 'gateway:orders', 'orders:shipping']
const plan = linkChanges(shop, 'edge-terminate-plaintext', 'mtls').filter(({ link }) => wanted.includes(link))
const read: Record<string, string[]> = {
  ...{ 'orders:payments': ['card'], 'edge:gateway': ['card', 'token'], 'gateway:orders': ['card', 'token'] },
  ...{ 'orders:shipping': ['address'] },
}
const listened = {
  changes: plan,
  before: { answered: true, read },
  after: { answered: true, read: { ...read, 'orders:payments': [] } },
}

test('the plan puts secrets over a border first', () => {
  expect(plan.map(({ link }) => link)).toEqual(wanted)
  expect(plan[0]!.risk.because).toContain('sensitive')
})

test('holds where less and less is read along the plan, and nothing on the first link after the first step', () => {
  expect(judgeOrder(shop, listened)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('is broken by another order, and by a first step that leaves the first link as it was', () => {
  expect(judgeOrder(shop, { ...listened, changes: plan.toReversed() }).verdict).toBe('broken')
  // the first link stays the first, and what comes after it is in another order
  const swapped = [0, 3, 1, 2].map(i => plan[i]!)
  expect(judgeOrder(shop, { ...listened, changes: swapped })).toMatchObject({
    ...{ verdict: 'broken', because: 'more can be read on edge:gateway than on what comes before' },
  })
  expect(judgeOrder(shop, { ...listened, after: listened.before })).toMatchObject({
    ...{ verdict: 'broken', because: 'card can still be read on orders:payments after the first step' },
  })
})

test('says nothing where nothing was read before, or nothing is read anywhere after', () => {
  const nothing = { answered: true, read: {} }
  expect(judgeOrder(shop, { ...listened, before: nothing, after: nothing }).control.passed).toBe(false)
  expect(judgeOrder(shop, { ...listened, after: nothing }).control.passed).toBe(false)
  expect(judgeOrder(shop, { ...listened, before: { ...listened.before, answered: false } }).control.passed).toBe(false)
})
