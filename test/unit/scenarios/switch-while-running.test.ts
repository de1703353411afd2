import { expect, test } from 'vitest'
import { judgeSwitch } from '../../../scenarios/migration/switch-while-running.ts'
import { answered, cut } from './outcomes.ts'

const run = (instance: string) => ({ name: 'orders', digest: 'd', startedAt: '2026-01-01T00:00:00.000Z', instance })
const switched = {
  ...{ from: 'hybrid' as const, to: 'mtls' as const, moved: ['orders:payments by mtls'] },
  ...{ before: { orders: run('a') }, after: { orders: run('a') }, meanwhile: { calls: 9, lost: [] } },
}

test('holds where every program is the same run and nothing was lost', () => {
  expect(judgeSwitch(switched)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('is broken by a restart, and by one lost order', () => {
  expect(judgeSwitch({ ...switched, after: { orders: run('b') } })).toMatchObject({
    ...{ verdict: 'broken', because: 'orders did not run on' },
  })
  expect(judgeSwitch({ ...switched, meanwhile: { calls: 9, lost: [cut.attempt, answered] } })).toMatchObject({
    ...{ verdict: 'broken', because: '2 of 9 orders were lost' },
  })
})

test('says nothing where nobody was seen to go another way, or a program did not tell what it is', () => {
  expect(judgeSwitch({ ...switched, moved: [] }).control.passed).toBe(false)
  expect(judgeSwitch({ ...switched, after: { orders: undefined } }).control.passed).toBe(false)
})
