import { expect, test } from 'vitest'
import type { Round, UncheckedRevocation } from '../../../scenarios/flows/unchecked-revocation.ts'
import { judgeWithoutLists } from '../../../scenarios/lifecycle/crl-fails-closed-or-open.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { answered, hop, refusedAs, served } from './outcomes.ts'

const failedOrder: Attempt = { answered: true, status: 502, headers: {}, body: '' }
const open: Round = { order: answered, refused: [], callees: [{ hop, outcome: served() }] }
const closed = (failure: string): Round => ({
  order: failedOrder,
  refused: [
    { cursor: 1, id: 'c', side: 'client', at: '', link: hop.link.id, failure: { name: failure, code: failure } },
  ],
  callees: [{ hop, outcome: refusedAs(failure) }],
})
const seen: UncheckedRevocation = {
  before: open,
  stale: closed('crl-stale'),
  missing: closed('crl-missing'),
  soft: { ...open, known: [refusedAs('revoked')], unknown: [served()] },
  after: { ...open, unknown: [refusedAs('revoked')] },
}
const judge = (how: Partial<UncheckedRevocation> = {}, checked = true) =>
  judgeWithoutLists({ ...seen, ...how }, checked)
const passed = (how: Partial<UncheckedRevocation>) => judge(how).control.passed

test('hard-fail that stops everything verified, each side for the list it lacks, holds and tells what soft-fail costs', () => {
  const { verdict, control, because } = judge()
  expect([verdict, control.passed]).toEqual(['holds', true])
  expect(because).toContain('served by 1 of 1 callees')
})

test('one connection that goes through without its list is broken', () => {
  expect(judge({ stale: { ...closed('crl-stale'), callees: open.callees } }).verdict).toBe('broken')
  expect(judge({ missing: open })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('where nobody checks, nothing stops: broken', () => {
  const { stale: _, ...unchecked } = seen
  const bare: Round = { order: answered, refused: [], callees: [] }
  const none = { ...unchecked, before: bare, missing: bare }
  const soft = { ...bare, known: [], unknown: [] }
  const all = { ...none, soft, after: { ...bare, unknown: [] } }
  expect(judgeWithoutLists(all, false)).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('a stop for another reason, or a lab that never went or never came back, shows nothing', () => {
  expect([
    passed({ stale: closed('connection-closed') }),
    passed({ missing: closed('crl-stale') }),
    passed({ before: closed('crl-missing') }),
    passed({ after: { ...closed('crl-missing'), unknown: [refusedAs('revoked')] } }),
  ]).toEqual([false, false, false, false])
})

test('soft-fail that forgets whom it knew, or an unknown one whom nobody misses, shows nothing', () => {
  expect([
    passed({ soft: { ...seen.soft, known: [served()] } }),
    passed({ soft: { ...seen.soft, unknown: [refusedAs('revoked')] } }),
    passed({ after: { ...seen.after, unknown: [served()] } }),
  ]).toEqual([false, false, false])
})
