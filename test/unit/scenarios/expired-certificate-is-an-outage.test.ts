import { expect, test } from 'vitest'
import { type End, twoEnds } from '../../../scenarios/flows/two-ends.ts'
import { type Expired, judgeExpired } from '../../../scenarios/lifecycle/expired-certificate-is-an-outage.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import { usualHopsOf } from '../../../services/hops.ts'
import { answered, shop } from './outcomes.ts'

const [end] = twoEnds(usualHopsOf(shop, 'mtls')) as [End]
const badGateway: Attempt = { answered: true, status: 502, headers: {}, body: '' }
const at = '2026-01-01T00:00:10.000Z'

const refused = (notAfter = '2026-01-01T00:00:09.000Z', name = 'certificate-expired'): Expired => ({
  ...{ end, attempt: badGateway },
  seen: {
    served: false,
    own: { side: 'client', at, failure: { name: 'connection-closed', code: 'ECONNRESET' } },
    peer: {
      ...{ side: 'server', at, failure: { name, code: name } },
      peerValidity: { serial: '0a', notBefore: '2026-01-01T00:00:00.000Z', notAfter },
    },
  },
})
const passed: Expired = { end, attempt: answered, seen: { served: true } }

const judge = (tries: Expired[], more: Partial<Parameters<typeof judgeExpired>[0]> = {}) =>
  judgeExpired({ before: answered, inTime: answered, again: answered, ended: true, tries, ...more })

test('one caller and one callee are tried, in every mode', () => {
  const inMode = (mode: Parameters<typeof usualHopsOf>[1]) =>
    twoEnds(usualHopsOf(shop, mode)).map(({ role, hop }) => `${role} on ${hop.link.id}`)
  expect(inMode('mtls')).toEqual(['caller on edge:gateway', 'callee on orders:payments'])
  // both ends of one hop: with both at fault it is the callee who is refused, so it comes first
  expect(inMode('passthrough')).toEqual(['callee on orders:payments', 'caller on orders:payments'])
})

test('a call that failed because the other end said expired is broken, one that was served holds', () => {
  expect(judge([refused()])).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge([refused(), passed])).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge([passed])).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('a call that failed for anything else shows nothing', () => {
  const silent = { ...refused(), seen: { served: false } }
  const shown = [
    judge([refused(undefined, 'unknown-authority')]),
    // refused as expired, of a certificate that was not
    judge([refused('2026-01-01T01:00:00.000Z')]),
    judge([silent]),
    judge([]),
    judge([passed], { ended: false }),
    judge([refused()], { inTime: badGateway }),
    judge([refused()], { again: badGateway }),
  ]
  expect(shown.map(({ control }) => control.passed)).toEqual(shown.map(() => false))
})
