import { describe, expect, test } from 'vitest'
import maturityWithholds, { judgeMaturityCheck } from '../../../scenarios/lifecycle/maturity-withholds.ts'
import type { Maturity } from '../../../scenarios/maturity.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { type Mode, modes } from '../../../services/modes.ts'
import { connection, failure } from './alert-cases.ts'
import { answered, shop } from './outcomes.ts'

const maturity = (...unmet: string[]): Maturity => ({
  ready: unmet.length === 0,
  checks: ['renewal-on', 'clocks-together'].map(id => ({
    id,
    title: id,
    met: !unmet.includes(id),
    because: `${id} seen`,
  })),
})
const lost: Attempt = { answered: true, status: 502, headers: {}, body: '' }
const refusal = {
  workload: 'orders',
  record: connection({ link: 'orders:payments', ...failure('certificate-expired') }),
}

const played: Parameters<typeof judgeMaturityCheck>[0] = {
  workload: 'payments',
  ...{ ready: maturity(), withheld: maturity('renewal-on'), again: maturity() },
  ...{ inTime: answered, outage: { attempt: lost, ended: true, refusal }, after: answered },
}
const judge = (more: Partial<typeof played> = {}) => judgeMaturityCheck({ ...played, ...more })

test('is broken where the ended certificate costs an order', () => {
  expect(judge()).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge().because).toMatch(/^orders refused payments as certificate-expired; .* renewal-on seen$/)
})

test('holds where nobody looked at it', () => {
  expect(judge({ outage: { attempt: answered, ended: true } })).toMatchObject({
    verdict: 'holds',
    control: { passed: true },
  })
})

describe('counts for nothing', () => {
  const cases: Record<string, Partial<typeof played>> = {
    'where the check was not ready before': { ready: maturity('clocks-together') },
    'where it did not withhold': { withheld: maturity() },
    'where it withheld for something else': { withheld: maturity('clocks-together') },
    'where it is not ready after the repair': { again: maturity('renewal-on') },
    'where orders failed before the end': { inTime: lost },
    'where they fail after the repair': { after: lost },
    'where the certificate had not ended': { outage: { attempt: lost, ended: false, refusal } },
    'where the order failed of something else': { outage: { attempt: lost, ended: true } },
  }
  test.each(Object.entries(cases))('%s', (_, more) => expect(judge(more).control.passed).toBe(false))
})

test('only where the link to it is plaintext nothing happens', () => {
  const { expected } = maturityWithholds
  const due = (mode: Mode) => typeof expected === 'function' && expected(mode, shop)
  expect(modes.filter(mode => due(mode) === 'holds')).toHaveLength(1)
})
