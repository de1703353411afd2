import { describe, expect, test } from 'vitest'
import { arrangementAt, backFrom, orderOf } from '../../../services/control/certificates/rotation-order.ts'
import type { CarelessOrder, RotationRow, RotationStep } from '../../../services/control/certificates/rotation-steps.ts'

const [old, fresh] = ['old', 'new'].map(id => ({ id, root: id, trusted: false, signs: false })) as [never, never]
const generations = [old, fresh]

const row = (step: RotationStep, careless: CarelessOrder | null = null, back = false): RotationRow => ({
  ...{ what: 'root', step, reached: true, stopAt: null, careless, back },
})
const at = (...of: Parameters<typeof row>) => {
  const { signs, trusted, shown } = arrangementAt(row(...of), generations)
  return { signs, trusted, shown }
}

test('in order, nobody shows what not everybody trusts, and nobody loses trust in what somebody shows', () => {
  expect(orderOf(null).map(step => at(step))).toEqual([
    { signs: 'old', trusted: ['old', 'new'], shown: 'old' },
    { signs: 'new', trusted: ['old', 'new'], shown: 'new' },
    { signs: 'new', trusted: ['new'], shown: 'new' },
  ])
})

test('going back, the same with the two exchanged', () => {
  expect(orderOf(null).map(step => at(step, null, true))).toEqual([
    { signs: 'new', trusted: ['new', 'old'], shown: 'new' },
    { signs: 'old', trusted: ['new', 'old'], shown: 'old' },
    { signs: 'old', trusted: ['old'], shown: 'old' },
  ])
})

test('out of order, the control plane itself shows what everybody trusts', () => {
  expect(at('reissue', 'reissue-first')).toEqual({ signs: 'new', trusted: ['old'], shown: 'old' })
  expect(at('trust', 'reissue-first')).toEqual({ signs: 'new', trusted: ['old', 'new'], shown: 'old' })
  expect(at('distrust', 'distrust-first')).toEqual({ signs: 'old', trusted: ['new'], shown: 'new' })
  expect(at('reissue', 'distrust-first')).toEqual({ signs: 'new', trusted: ['new'], shown: 'new' })
})

describe('the way back begins where everybody is', () => {
  test.each<[RotationStep, CarelessOrder | null, RotationStep]>([
    ['trust', null, 'distrust'],
    ['reissue', null, 'reissue'],
    ['distrust', null, 'trust'],
    ['reissue', 'reissue-first', 'reissue'],
    ['trust', 'reissue-first', 'reissue'],
    ['distrust', 'reissue-first', 'trust'],
    ['trust', 'distrust-first', 'distrust'],
    ['distrust', 'distrust-first', 'trust'],
    ['reissue', 'distrust-first', 'trust'],
  ])('from %s (%s) at %s', (step, careless, begins) => {
    const back = backFrom(row(step, careless), generations)
    expect(back).toEqual({ what: 'root', step: begins, reached: false, stopAt: null, careless: null, back: true })
  })
})
