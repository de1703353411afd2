import { describe, expect, test } from 'vitest'
import { type AlertName, conditions } from '../../../scenarios/alerts/conditions.ts'
import { evaluate } from '../../../scenarios/alerts/evaluate.ts'
import type { HeldTrust } from '../../../services/chassis/observation.ts'
import type { Seen } from '../../../services/control/measures/metric.ts'
import { metrics } from '../../../services/control/measures/metrics.ts'
import { at, connection, failure, healthy, heldBy, now, reportOf, rowOf } from './alert-cases.ts'

const fired = (seen: Seen) => evaluate(seen).map(({ alert, labels }) => [alert, labels.workload ?? labels.link])

/** A certificate of payments, so many seconds old. */
const aged = (ageS: number, lifetimeS: number): Seen => ({
  ...healthy([reportOf('payments', { held: [heldBy('payments', ageS, lifetimeS)] })]),
  certificates: [rowOf('payments', ageS, lifetimeS)],
})

const list = (more: Partial<HeldTrust['crls'][number]>): Seen => {
  const [root, ca] = reportOf('orders').trust!.crls as [HeldTrust['crls'][number], HeldTrust['crls'][number]]
  return healthy([reportOf('orders', { trust: { version: 7, roots: ['root'], crls: [root, { ...ca, ...more }] } })])
}

const renewing = (more: { failures: number; serial?: string }): Seen =>
  healthy([
    reportOf('orders', {
      renewals: [{ kind: 'workload', name: 'n', at: at(9), ...failure('control-unreachable'), ...more }],
    }),
  ])

const behind = (version: number, publishedS: number): Seen => {
  const seen = healthy([reportOf('orders', { trust: { ...reportOf('orders').trust!, version } })])
  return { ...seen, trust: { ...seen.trust!, publishedAt: now - publishedS * 1000 } }
}

const refused = connection({ link: 'orders:payments', ...failure('certificate-expired') })
const plaintext = connection({
  link: 'orders:payments',
  transport: 'plaintext',
  peer: { kind: 'anonymous', because: 'plaintext' },
})

/** For each alert what sets it off, and what is as close to that as may be and does not. */
const cases: Record<AlertName, { fires: Seen; where: string; also?: AlertName[]; quiet: Seen }> = {
  CertificateExpiresSoon: { fires: aged(3.6, 5), where: 'payments', quiet: aged(3.4, 5) },
  CertificateExpired: {
    fires: aged(86_401, 86_400),
    where: 'payments',
    also: ['CertificateExpiresSoon'],
    quiet: aged(50_000, 86_400),
  },
  RenewalFailing: { fires: renewing({ failures: 3 }), where: 'orders', quiet: renewing({ failures: 2 }) },
  RenewalNotLoaded: {
    fires: renewing({ failures: 1, serial: 'ab' }),
    where: 'orders',
    quiet: renewing({ failures: 1 }),
  },
  RenewalOff: {
    fires: healthy([], { renewal: { orders: { on: false } } }),
    where: 'orders',
    quiet: healthy([], { renewal: { orders: { on: true, lifetimeS: 5 } } }),
  },
  HandshakeFailures: {
    fires: healthy([reportOf('orders', { connections: [refused] })]),
    where: 'orders:payments',
    quiet: healthy([
      reportOf('orders', { connections: [connection({ link: 'orders:payments', ...failure('connection-refused') })] }),
    ]),
  },
  CalleeNotVerified: {
    fires: healthy([], { hops: [{ link: 'orders:payments', verify: false }] }),
    where: 'orders:payments',
    quiet: healthy([], { hops: [] }),
  },
  TrustBehind: { fires: behind(6, 1.1), where: 'orders', quiet: behind(6, 0.9) },
  CrlExpiresSoon: { fires: list({ nextUpdate: at(-20) }), where: 'orders', quiet: list({ nextUpdate: at(-30) }) },
  CrlExpired: { fires: list({ nextUpdate: at(1) }), where: 'orders', also: ['CrlExpiresSoon'], quiet: list({}) },
  CrlMissing: { fires: list({ issuer: 'another' }), where: 'orders', quiet: healthy() },
  ClockSkew: {
    fires: healthy([reportOf('orders', { clock: at(6) })]),
    where: 'orders',
    quiet: healthy([reportOf('orders', { clock: at(-4) })]),
  },
  PlaintextAcrossBorder: {
    fires: healthy([reportOf('orders', { connections: [plaintext] })]),
    where: 'orders:payments',
    quiet: healthy([reportOf('orders', { connections: [plaintext] })], { mode: 'edge-terminate-plaintext' }),
  },
  BreakGlassOpen: {
    fires: healthy([], { breakGlass: { link: 'orders:payments', at: now - 5000 } }),
    where: 'orders:payments',
    quiet: healthy([], { breakGlass: null }),
  },
  WorkloadAway: {
    fires: healthy([], { workloads: [{ name: 'orders', connected: false }] }),
    where: 'orders',
    quiet: healthy([], { workloads: [{ name: 'orders', connected: true }] }),
  },
}

test('a healthy lab is quiet', () => expect(fired(healthy())).toEqual([]))

describe.each(conditions.map(condition => condition.alert))('%s', alert => {
  const { fires, where, also = [], quiet } = cases[alert]

  test('fires where it is deserved, and nothing else with it', () => {
    expect(fired(fires).sort()).toEqual([alert, ...also].map(name => [name, where]).sort())
  })

  test('is silent a little short of that', () => expect(fired(quiet)).toEqual([]))

  test('says what is wrong and what to do, with nothing left to fill in', () => {
    const firing = evaluate(fires).find(each => each.alert === alert)
    expect(`${firing?.summary} ${firing?.remedy}`).not.toMatch(/[{}?]|undefined/)
    expect(Date.parse(firing?.since ?? '')).toBeLessThanOrEqual(now)
  })
})

test('a share of the life counts from the issue, however far a certificate is dated back', () => {
  const young = aged(1, 5)
  expect(fired(young)).toEqual([])
  // without the ledger the minute before it counts as life, and the certificate looks old
  expect(fired({ ...young, certificates: [] })).toEqual([['CertificateExpiresSoon', 'payments']])
})

test('an alert tells since when: when the share was reached, when the first of the failures came', () => {
  const [soon] = evaluate(aged(4, 5))
  expect(soon?.since).toBe(at(0.5))
  const twice = [refused, { ...refused, at: at(5) }]
  const [failing] = evaluate(healthy([reportOf('orders', { connections: twice })]))
  expect(failing).toMatchObject({
    since: at(10),
    value: 2,
    labels: { cause: 'certificate-expired', seen_by: 'orders' },
  })
})

test('one success ends the failures of a link, and what is long ago counts no more', () => {
  const success = connection({ link: 'orders:payments', transport: 'tls', at: at(4) })
  expect(fired(healthy([reportOf('orders', { connections: [refused, success] })]))).toEqual([])
  expect(fired(healthy([reportOf('orders', { connections: [success, { ...refused, at: at(3) }] })]))).toHaveLength(1)
  expect(fired(healthy([reportOf('orders', { connections: [{ ...refused, at: at(301) }] })]))).toEqual([])
})

test('what a callee refuses is the link of him whose certificate it was shown; a stranger is on no link', () => {
  const dialled = connection({ link: 'orders:payments', transport: 'mtls', localKey: 'old', at: at(2.1) })
  const turnedAway = connection({ side: 'server', peerKey: 'old', at: at(2), ...failure('revoked') })
  const orders = reportOf('orders', { connections: [dialled] })
  const [firing] = evaluate(healthy([orders, reportOf('payments', { connections: [turnedAway] })]))
  expect(firing).toMatchObject({
    alert: 'HandshakeFailures',
    labels: { link: 'orders:payments', cause: 'revoked', seen_by: 'payments' },
  })
  const stranger = { ...turnedAway, peerKey: 'nobody' }
  expect(fired(healthy([orders, reportOf('payments', { connections: [stranger] })]))).toEqual([])
})

test('under mutual TLS a caller that got through its half has not got through', () => {
  const half = connection({ link: 'orders:payments', transport: 'mtls', localKey: 'key-orders', at: at(1) })
  const refusal = connection({ side: 'server', peerKey: 'key-orders', at: at(2), ...failure('crl-stale') })
  const accepted = connection({ side: 'server', transport: 'mtls', peerKey: 'key-orders', at: at(1) })
  const with_ = (connections: (typeof refusal)[]) =>
    fired(healthy([reportOf('orders', { connections: [half] }), reportOf('payments', { connections })]))
  expect(with_([refusal])).toEqual([['HandshakeFailures', 'orders:payments']])
  expect(with_([refusal, accepted])).toEqual([])
})

test('who missed several versions is behind since he took his last one', () => {
  expect(fired(behind(5, 0.1))).toEqual([['TrustBehind', 'orders']])
})

test('of who does not report the last certificate issued to him tells, and that he is away', () => {
  const { orders: _, ...reports } = healthy().reports
  const expired = {
    ...healthy(),
    reports,
    certificates: [rowOf('orders', 10, 5), { ...rowOf('orders'), by: 'experiment' as const }],
  }
  expect(fired(expired).map(([alert]) => alert)).toEqual([
    'CertificateExpired',
    'WorkloadAway',
    'CertificateExpiresSoon',
  ])
})

test('of who was revoked nobody says that his certificate of long ago has expired', () => {
  const { orders: _, ...reports } = healthy().reports
  const revoked = { ...rowOf('orders', 60), revokedAt: now - 1000, reason: 'keyCompromise' as const }
  const out = { ...healthy(), reports, certificates: [rowOf('orders', 600, 5), revoked] }
  expect(fired(out).map(([alert]) => alert)).toEqual(['WorkloadAway'])
})

test('plaintext is declared where either end of a rollout provides for it, or break-glass', () => {
  const reports = [reportOf('orders', { connections: [plaintext] })]
  const alerts = (more: Partial<Seen>) => fired(healthy(reports, more)).map(([alert]) => alert)
  expect(alerts({ rollout: { from: 'edge-terminate-plaintext', to: 'mtls' } })).toEqual([])
  expect(alerts({ rollout: { from: 're-encrypt', to: 'mtls' } })).toEqual(['PlaintextAcrossBorder'])
  expect(alerts({ breakGlass: { link: 'orders:payments', at: now } })).toEqual(['BreakGlassOpen'])
})

test('plaintext that came just now is given time to be accounted for', () => {
  const seen = (secondsAgo: number) =>
    healthy([reportOf('orders', { connections: [{ ...plaintext, at: at(secondsAgo) }] })])
  expect(fired(seen(0.5))).toEqual([])
  expect(fired(seen(1.5))).toHaveLength(1)
})

test('every metric is used, and none is named twice', () => {
  expect(new Set(conditions.map(({ metric }) => metric))).toEqual(new Set(Object.keys(metrics)))
  expect(new Set(conditions.map(({ alert }) => alert)).size).toBe(conditions.length)
})
