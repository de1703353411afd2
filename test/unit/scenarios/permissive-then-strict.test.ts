import { expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { judgePhases } from '../../../scenarios/migration/permissive-then-strict.ts'
import { answered, cut, hop } from './outcomes.ts'

const none = { calls: 5, lost: [] }
const refusal = (code: string, found: string) => ({
  refused: new HopError(code, { field: 'step', expected: 'x', found }),
})
const settled = { outcome: { mode: 'mtls' as const } }
const phases = {
  way: { lax: 'edge-terminate-plaintext' as const, strict: 'mtls' as const, before: hop },
  refused: {
    ...{ ended: refusal('rollout-callers-remain', '127.77.0.9 as orders to payments'), calls: none, orders: none },
    ...{ held: { mode: 'edge-terminate-plaintext', step: 'move', reached: true }, completed: settled },
    ...{ caller: '127.77.0.9', afterwards: cut.attempt },
  },
  failed: {
    ...{ before: answered, ended: refusal('rollout-rolled-back', '50% … on orders:payments'), after: answered },
    ...{ orders: { calls: 9, lost: [cut.attempt] }, mode: 'edge-terminate-plaintext', underWay: false },
  },
}

test('holds where it waited for the caller by name, lost nothing, completed, and went back from what failed', () => {
  expect(judgePhases(phases)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test.each([
  ['it narrowed all the same', { ended: settled }],
  ['it named somebody else', { ended: refusal('rollout-callers-remain', '127.1.1.1 to payments') }],
  ['it was refused for another cause', { ended: refusal('rollout-timeout', '127.77.0.9 ') }],
  ['it did not hold', { held: { mode: 'mtls', step: undefined, reached: undefined } }],
  ['the caller was cut off', { calls: { calls: 5, lost: [cut.attempt] } }],
  ['an order was lost', { orders: { calls: 5, lost: [cut.attempt] } }],
  ['it never completed', { completed: refusal('rollout-callers-remain', 'somebody') }],
])('is broken where %s', (_, refused) => {
  expect(judgePhases({ ...phases, refused: { ...phases.refused, ...refused } }).verdict).toBe('broken')
})

test.each([
  ['it went on', { ended: settled, mode: 'mtls' }],
  ['it blamed another link', { ended: refusal('rollout-rolled-back', '50% on edge:gateway') }],
  ['it stopped half-way', { underWay: true }],
  ['nothing works afterwards', { after: cut.attempt }],
])('is broken where the new way fails and %s', (_, failed) => {
  expect(judgePhases({ ...phases, failed: { ...phases.failed, ...failed } }).verdict).toBe('broken')
})

test('says nothing where the strict mode serves him all the same, or the new way did not fail', () => {
  const afterwards = { ...phases, refused: { ...phases.refused, afterwards: answered } }
  expect(judgePhases(afterwards).control.passed).toBe(false)
  expect(judgePhases({ ...phases, failed: { ...phases.failed, orders: none } }).control.passed).toBe(false)
  expect(judgePhases({ ...phases, failed: { ...phases.failed, before: cut.attempt } }).control.passed).toBe(false)
})
