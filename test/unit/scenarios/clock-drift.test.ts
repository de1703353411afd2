import { expect, test } from 'vitest'
import type { Cause } from '../../../scenarios/doctor/cause.ts'
import type { Drifted } from '../../../scenarios/flows/clock-off.ts'
import { type End, twoEnds } from '../../../scenarios/flows/two-ends.ts'
import { judgeDrift } from '../../../scenarios/lifecycle/clock-drift.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import { answered, shop } from './outcomes.ts'

const [end] = twoEnds(usualHopsOf(shop, 'mtls')) as [End]
const badGateway: Attempt = { answered: true, status: 502, headers: {}, body: '' }
const at = '2026-01-01T00:30:00.000Z'
const good = { serial: '0a', notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2026-01-01T01:00:00.000Z' }

const expiredSeen = { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' }
const closedSeen = { name: 'connection-closed', code: 'ECONNRESET' }
const words = { sentence: '', remedy: '' }
const byClock: Cause = { ...words, name: 'clock-skew', fault: 'caller-clock', seen: {} }
const byDate: Cause = {
  ...{ ...words, name: 'certificate-expired', fault: 'callee-certificate' },
  seen: { caller: expiredSeen, callee: closedSeen },
}
const expired: NonNullable<Drifted['expired']> = {
  ...{ breakage: 'expired', end: 'callee', link: end.hop.link.id, cause: byDate, named: true },
  due: { name: 'certificate-expired', fault: 'callee-certificate' },
}

const behind: Drifted = {
  ...{ told: [byClock], expired },
  ...{ end, driftS: -600, attempt: badGateway, offMs: -600_004, peerOffMs: -2, peerHolds: true },
  seen: {
    served: false,
    own: {
      ...{ side: 'client', at, peerValidity: good },
      failure: { name: 'certificate-not-yet-valid', code: 'not-yet-valid-by-own-clock' },
    },
    peer: { side: 'server', at, failure: { name: 'connection-closed', code: 'ECONNRESET' } },
  },
}
const { expired: _, ...unshown } = behind
const unmoved: Drifted = { ...unshown, attempt: answered, seen: { served: true }, told: [] }
const own = (how: Partial<NonNullable<Drifted['seen']['own']>>): Drifted => ({
  ...behind,
  seen: { ...behind.seen, own: { ...behind.seen.own!, ...how } },
})
const judge = (tries: Drifted[], more: Partial<Parameters<typeof judgeDrift>[0]> = {}) =>
  judgeDrift({ before: answered, again: answered, tries, ...more })

test('an order that failed for a clock is broken, orders that all passed hold', () => {
  expect(judge([behind, unmoved])).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge([behind]).because).toContain('not-yet-valid-by-own-clock')
  expect(judge([unmoved])).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('what is not told from real expiry on both sides shows nothing', () => {
  const shown = [
    own({ failure: { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' } }),
    own({ peerValidity: { ...good, notAfter: '2026-01-01T00:29:59.000Z' } }),
    { ...behind, peerHolds: false },
    {
      ...behind,
      seen: { ...behind.seen, peer: { ...behind.seen.peer!, failure: { name: 'certificate-expired', code: '' } } },
    },
    { ...behind, offMs: 0 },
    { ...behind, peerOffMs: -600_000 },
  ].map(one => judge([one]).control.passed)
  expect(shown).toEqual(shown.map(() => false))
  expect(judge([behind], { again: badGateway }).control.passed).toBe(false)
  expect(judge([]).control.passed).toBe(false)
})

test('a doctor that does not tell a clock from a real expiry beside it shows nothing', () => {
  const seenBy = (seen: Cause['seen']) => ({ ...expired, cause: { ...byDate, seen } })
  const shown = [
    { ...behind, told: [] },
    // the clock taken for an expiry, at first or besides
    { ...behind, told: [byDate] },
    { ...behind, told: [byClock, byDate] },
    { ...behind, told: [{ ...byClock, fault: 'callee-clock' as const }] },
    // and what had really expired for the clock, for nothing, or not even shown
    { ...behind, expired: { ...expired, cause: byClock } },
    { ...behind, expired: { ...expired, cause: { ...byDate, fault: 'caller-certificate' as const } } },
    { ...behind, expired: seenBy({ caller: closedSeen, callee: expiredSeen }) },
    { ...behind, expired: { breakage: 'expired', end: 'callee' as const, link: '', due: expired.due, named: false } },
    unshown,
  ].map(one => judge([one]).control.passed)
  expect(shown).toEqual(shown.map(() => false))
})

test('what the doctor made of both stands in the evidence', () => {
  const told = judge([{ ...behind, told: [{ ...byClock, sentence: 'its clock is 600 s behind' }] }]).evidence
  expect(told.map(({ text }) => text)).toContain('clock-skew: its clock is 600 s behind')
  expect(told.map(({ title }) => title)).toContain('really expired, with that clock still off at the callee')
})
