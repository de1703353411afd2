import { expect, test } from 'vitest'
import { type End, twoEnds } from '../../../scenarios/flows/two-ends.ts'
import { type Drifted, judgeDrift } from '../../../scenarios/lifecycle/clock-drift.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import { answered, shop } from './outcomes.ts'

const [end] = twoEnds(usualHopsOf(shop, 'mtls')) as [End]
const badGateway: Attempt = { answered: true, status: 502, headers: {}, body: '' }
const at = '2026-01-01T00:30:00.000Z'
const good = { serial: '0a', notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2026-01-01T01:00:00.000Z' }

const behind: Drifted = {
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
const unmoved: Drifted = { ...behind, attempt: answered, seen: { served: true } }
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
