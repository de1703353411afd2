import { expect, test } from 'vitest'
import type { StolenUse } from '../../../scenarios/flows/stolen-use.ts'
import { judgeStolen } from '../../../scenarios/identity/stolen-credential.ts'
import { cut, hop, passed, refusedAs, served } from './outcomes.ts'

const revoked = refusedAs('revoked')
const stopped: StolenUse = {
  before: { live: served(), fresh: served() },
  after: { live: cut, fresh: revoked, resumed: revoked },
  tickets: 2,
  stoppedAfterMs: { fresh: 9, resumed: 11, live: 3 },
  genuine: served(),
}
const judge = (use: Partial<StolenUse>, collateral = passed) => judgeStolen(hop, { ...stopped, ...use }, collateral)
const after = (how: Partial<StolenUse['after']>) => judge({ after: { ...stopped.after, ...how } })

test('a credential that stops on every way once it is revoked holds', () => {
  const { verdict, control, evidence } = judge({})
  expect([verdict, control.passed]).toEqual(['holds', true])
  expect(evidence.filter(({ kind }) => kind === 'count').map(({ text }) => text)).toEqual(['9', '11', '3', '2'])
})

test('one that goes on working on any one way is broken', () => {
  expect(after({ fresh: served() })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(after({ live: served() })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(after({ resumed: served({}, { resumed: true }) }).because).toContain('resumed sessions')
})

test('one that stopped for another reason, or never worked, shows nothing', () => {
  const neverCut = { ...stopped, stoppedAfterMs: { fresh: 9, resumed: 11 } }
  const shown = [
    after({ fresh: refusedAs('certificate-expired') }),
    after({ resumed: refusedAs('handshake-timeout') }),
    judgeStolen(hop, neverCut, passed),
    judge({ before: { live: served(), fresh: refusedAs('revoked') } }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual([false, false, false, false])
})

test('a revocation that stops the real caller too shows nothing', () => {
  expect(judge({ genuine: refusedAs('revoked') }).control.passed).toBe(false)
  expect(judge({}, { passed: false, evidence: [] }).control.passed).toBe(false)
})
