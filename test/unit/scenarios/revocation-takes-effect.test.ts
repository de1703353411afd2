import { expect, test } from 'vitest'
import type { StolenUse } from '../../../scenarios/flows/stolen-use.ts'
import type { Meanwhile } from '../../../scenarios/flows/while-calling.ts'
import { judgeRevocation } from '../../../scenarios/lifecycle/revocation-takes-effect.ts'
import { answered, cut, hop, refusedAs, served } from './outcomes.ts'

const revoked = refusedAs('revoked')
const stopped: StolenUse = {
  before: { live: served(), fresh: served() },
  after: { live: cut, fresh: revoked, resumed: revoked },
  tickets: 0,
  stoppedAfterMs: { fresh: 9, resumed: 11, live: 3 },
  genuine: served(),
}
const judge = (use: Partial<StolenUse> = {}, meanwhile: Meanwhile = { calls: 5, lost: [] }) =>
  judgeRevocation(hop, { ...stopped, ...use }, 40, meanwhile)

test('a word that ends every way and costs nobody else anything holds, with the three times', () => {
  const { verdict, control, because } = judge()
  expect([verdict, control.passed]).toEqual(['holds', true])
  expect(because).toMatch(/9 ms on a new connection and 11 ms in an earlier session.* cut after 3 ms; 5 orders/)
})

test('any one way that is left open is broken', () => {
  const after = (how: Partial<StolenUse['after']>) => judge({ after: { ...stopped.after, ...how } })
  expect(after({ fresh: served() })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(after({ live: served() })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(after({ resumed: served({}, { resumed: true }) }).verdict).toBe('broken')
})

test('one order that was lost meanwhile spoils it, and is shown', () => {
  const lost = { answered: false as const, failure: { name: 'revoked', code: 'CERT_REVOKED' } }
  const { control } = judge({}, { calls: 5, lost: [lost] })
  expect(control.passed).toBe(false)
  expect(control.evidence.map(({ text }) => text)).toContain('revoked (CERT_REVOKED)')
  expect(judge({}, { calls: 5, lost: [answered] }).control.passed).toBe(false)
})

test('a way that ended for another reason, or was never one, shows nothing', () => {
  const shown = [
    judge({ after: { ...stopped.after, fresh: refusedAs('certificate-expired') } }),
    judge({ stoppedAfterMs: { fresh: 9, resumed: 11 } }),
    judge({ before: { live: refusedAs('revoked'), fresh: served() } }),
    judge({ genuine: refusedAs('revoked') }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual([false, false, false, false])
})
