import { describe, expect, test } from 'vitest'
import { judgeMaturity, type MaturitySeen, needsMoreCertificates } from '../../../scenarios/maturity.ts'
import { describeMaturity } from '../../../scenarios/plan/maturity-section.ts'
import type { Seen } from '../../../services/control/measures/metric.ts'
import { at, connection, failure, healthy, now, reportOf, topology } from './alert-cases.ts'

/** Everybody's certificate came by renewal. */
const renewed = (seen: Seen): Seen => ({
  ...seen,
  certificates: seen.certificates.map(row => ({ ...row, by: 'renew' as const })),
})
const unmet = (seen: Seen, more: Partial<MaturitySeen> = {}) =>
  judgeMaturity({ seen, settled: true, rollout: null, ...more })
    .checks.filter(({ met }) => !met)
    .map(({ id }) => id)

const ready = renewed(healthy())

test('a lab in which everything was seen to work is ready', () => {
  expect(judgeMaturity({ seen: ready, settled: true, rollout: null }).ready).toBe(true)
  expect(unmet(ready)).toEqual([])
})

const report = reportOf('orders')
const wrong: Record<string, [why: string[], Seen]> = {
  'renewal is off somewhere': [['renewal-on'], { ...ready, renewal: { orders: { on: false } } }],
  'renewal was never seen': [['renewal-seen'], healthy()],
  'a certificate is late': [['renewal-in-time'], { ...ready, now: now + 2_700_000, reports: clocked(2_700_000) }],
  'somebody missed the bundle': [
    ['trust-taken'],
    renewed(healthy([reportOf('orders', { trust: { ...report.trust!, version: 6 } })], { trust: justNow() })),
  ],
  'a revocation list is missing': [
    ['lists-fresh'],
    renewed(healthy([reportOf('orders', { trust: { ...report.trust!, crls: report.trust!.crls.slice(1) } })])),
  ],
  'a clock is off': [['clocks-together'], renewed(healthy([reportOf('orders', { clock: at(30) })]))],
  'a link fails': [
    ['alerts-quiet'],
    renewed(
      healthy([reportOf('orders', { connections: [connection({ link: 'orders:payments', ...failure('revoked') })] })]),
    ),
  ],
}

function justNow() {
  return { ...healthy().trust!, publishedAt: now }
}

/** Reports as they are so many ms later. */
function clocked(ms: number) {
  const clock = new Date(now + ms).toISOString()
  const crls = report.trust!.crls.map(crl => ({ ...crl, nextUpdate: at(-10_000) }))
  return Object.fromEntries(
    Object.entries(ready.reports).map(([name, one]) => [name, { ...one, clock, trust: { ...one.trust!, crls } }]),
  )
}

describe('it is withheld', () => {
  test.each(Object.entries(wrong))('when %s', (_, [why, seen]) => expect(unmet(seen)).toEqual(why))

  test('while something is under way, or somebody has not done as told', () => {
    expect(unmet(ready, { rollout: { from: 'hybrid', to: 'mtls' } })).toEqual(['way-back'])
    expect(unmet(ready, { settled: false })).toEqual(['way-back'])
  })

  test('with the reason in words', () => {
    const { checks } = judgeMaturity({
      seen: { ...ready, renewal: { orders: { on: false } } },
      settled: true,
      rollout: null,
    })
    expect(checks.find(({ met }) => !met)?.because).toBe('orders was told not to renew its certificates')
  })
})

test('a renewal on record counts too', () => {
  const renewals = [{ kind: 'workload' as const, name: 'n', at: at(5), serial: 'ab', failures: 0 }]
  const names = Object.keys(topology.workloads)
  expect(unmet(healthy(names.map(name => reportOf(name, { renewals }))))).toEqual([])
})

test('more certificates are needed on the way from the edge inwards, none on the way back', () => {
  expect(needsMoreCertificates(topology, 'edge-terminate-plaintext', 'mtls')).toBe(true)
  expect(needsMoreCertificates(topology, 're-encrypt', 'mtls')).toBe(true)
  expect(needsMoreCertificates(topology, 'mtls', 're-encrypt')).toBe(false)
  expect(needsMoreCertificates(topology, 'mtls', 'edge-terminate-plaintext')).toBe(false)
})

describe('in a plan', () => {
  const sectionOf = (seen: Seen) => describeMaturity(judgeMaturity({ seen, settled: true, rollout: null }))

  test('a lab that is ready may go on', () => {
    expect(sectionOf(ready)).toMatchObject({ passed: true, answer: 'yes' })
    expect(describeMaturity({ ready: true, checks: [] })).toMatchObject({ passed: true, rows: [] })
  })

  test('renewal switched off withholds it, and the answer says why', () => {
    const section = sectionOf({ ...ready, renewal: { orders: { on: false } } })
    expect(section.passed).toBe(false)
    expect(section.answer).toBe('no, withheld because orders was told not to renew its certificates')
  })

  test('that no renewal was seen yet is told and withholds nothing', () => {
    expect(sectionOf(healthy())).toMatchObject({
      passed: true,
      answer: expect.stringMatching(/not yet: renewal was seen/),
    })
  })
})
