import { expect, test } from 'vitest'
import type { Calls } from '../../../scenarios/calls.ts'
import { judgeTrail, type Trail } from '../../../scenarios/identity/audit-trail.ts'
import { denied, hop, refusedAs, served } from './outcomes.ts'

const caller = 'spiffe://hop.lab/orders'
const entry: Calls = {
  ...{ callee: 'payments', caller, by: 'certificate', certificates: ['4f'], over: ['mtls'], times: 1, last: '' },
  ...{ method: 'POST', path: '/charges' },
}
const allowed: Calls = { ...entry, rule: 'orders:payments' }
const beyond: Calls = { ...entry, path: '/not-in-any-rule', denied: 'no rule' }
const refused: Calls = {
  ...{ callee: 'payments', by: 'nobody', denied: 'no-client-certificate' },
  certificates: [],
  over: [],
  times: 1,
  last: '',
}
const proven: Trail = {
  ...{ caller, serial: '4f', genuine: served(), beyond: denied({}), impostor: refusedAs('no-client-certificate') },
  calls: [allowed, beyond, refused],
}
const judge = (how: Partial<Trail>) => judgeTrail(hop, { ...proven, ...how })

test('a trail that names the caller by the certificate he showed holds', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('a trail in which an impostor stands under the caller’s name is broken', () => {
  const stated = (call: Calls): Calls => ({ ...call, by: 'header', certificates: [] })
  const judged = judge({ impostor: served({ callerBy: 'header' }), calls: [allowed, beyond].map(stated) })
  expect(judged).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test('a name without its certificate is never proof', () => {
  const others = [{ ...allowed, certificates: ['aa'] }, beyond, refused]
  for (const calls of [others, [{ ...allowed, by: 'header' as const }, beyond, refused]])
    expect(judge({ calls })).toMatchObject({ verdict: 'broken', control: { passed: false } })
})

test('a trail with a decision missing shows nothing', () => {
  for (const calls of [[allowed, refused], [beyond, refused], [allowed, beyond], []])
    expect(judge({ calls }).control.passed).toBe(false)
  expect(judge({ genuine: refusedAs('revoked') }).control.passed).toBe(false)
})
