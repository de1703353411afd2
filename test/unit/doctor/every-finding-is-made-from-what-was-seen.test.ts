import { describe, expect, test } from 'vitest'
import { examineLooked } from '../../../scenarios/doctor/examine.ts'
import type { Looked, Report } from '../../../scenarios/doctor/finding.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'
import { anHour, ca, healthy, heldBy, listsOf, now, reportOf, root } from './looked.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const put = (where: object | undefined, what: object): void => void Object.assign(where ?? {}, what)
const other = 'ff'.repeat(20)

/** A healthy lab with one thing changed. */
const found = (bend: (looked: Looked) => void) => {
  const looked = healthy()
  bend(looked)
  return examineLooked(looked, now - anHour).findings.map(({ severity, name, where }) => [severity, name, where])
}
const orders = (more: Partial<Report>) => (looked: Looked) => {
  looked.reports.orders = reportOf('orders', more)
}

test('a healthy lab has no finding', () => {
  expect(found(() => {})).toEqual([])
})

describe('certificates', () => {
  const ends = (notAfter: number, notBefore = now - anHour) => [
    { ...heldBy('orders'), serial: 'x', notBefore: iso(notBefore), notAfter: iso(notAfter) },
  ]
  const failing = {
    kind: 'workload' as const,
    name: 'spiffe://hop.lab/orders',
    at: iso(now),
    failures: 3,
    failure: { name: 'connection-refused', code: 'ECONNREFUSED' },
  }
  const table: [what: string, bend: (looked: Looked) => void, finding: string[]][] = [
    ['one that ended', orders({ held: ends(now - 1) }), ['error', 'certificate-expired', 'orders']],
    [
      'one that was due long ago',
      orders({ held: ends(now + 60_000) }),
      ['warning', 'certificate-about-to-expire', 'orders'],
    ],
    ['renewal that fails', orders({ renewals: [failing] }), ['warning', 'renewal-failing', 'orders']],
    [
      'one that came and was not loaded',
      orders({ renewals: [{ ...failing, serial: 'new', failures: 0 }] }),
      ['warning', 'renewed-not-loaded', 'orders'],
    ],
    [
      'one the ledger has and the workload has not',
      looked =>
        void looked.certificates.push({
          ...looked.certificates.find(({ name }) => name.endsWith('/orders'))!,
          serial: 'new',
          at: now - 60_000,
          by: 'renew',
        }),
      ['warning', 'renewed-not-loaded', 'orders'],
    ],
    ['one from elsewhere', orders({ held: [{ ...heldBy('orders'), issuer: other }] }), ['error', 'two-pkis', 'orders']],
    [
      'one that was revoked',
      looked =>
        put(
          looked.certificates.find(({ name }) => name.endsWith('/orders')),
          { revokedAt: now - 1 },
        ),
      ['error', 'holds-revoked', 'orders'],
    ],
  ]
  test.each(table)('%s', (_what, bend, finding) => expect(found(bend)).toEqual([finding]))

  test('one just issued is not due, however far it was backdated', () => {
    const short = { ...heldBy('orders'), notBefore: iso(now - 61_000), notAfter: iso(now + 4_000) }
    const bend = (looked: Looked) => {
      orders({ held: [short] })(looked)
      looked.certificates.find(({ serial }) => serial === short.serial)!.at = now - 1_000
    }
    expect(found(bend)).toEqual([])
  })
})

describe('trust, lists and clocks', () => {
  const trust = (roots: string[], crls = listsOf(now + 12 * anHour), version = 7) => ({
    trust: { version, roots, crls },
  })
  const table: [what: string, bend: (looked: Looked) => void, finding: string[]][] = [
    ['a clock that is off', orders({ clock: iso(now + anHour) }), ['error', 'clock-skew', 'orders']],
    ['a clock that is a little off', orders({ clock: iso(now - 5_000) }), ['warning', 'clock-skew', 'orders']],
    ['a bundle that did not arrive', orders(trust([root], undefined, 6)), ['error', 'bundle-missed', 'orders']],
    ['a root that is not there', orders(trust([])), ['error', 'two-pkis', 'orders']],
    ['a root of another PKI', orders(trust([root, other])), ['error', 'foreign-root', 'orders']],
    ['another root in its place', orders(trust([other])), ['error', 'two-pkis', 'orders']],
    [
      'lists that ran out',
      orders(
        trust(
          [root],
          listsOf(now - 1)
            .slice(0, 1)
            .concat(listsOf(now + 12 * anHour).slice(1)),
        ),
      ),
      ['error', 'list-stale', 'orders'],
    ],
    [
      'lists that will soon',
      orders(
        trust(
          [root],
          listsOf(now + anHour)
            .slice(0, 1)
            .concat(listsOf(now + 12 * anHour).slice(1)),
        ),
      ),
      ['warning', 'list-soon-stale', 'orders'],
    ],
    [
      'a list that is missing',
      orders(trust([root], listsOf(now + 12 * anHour).slice(1))),
      ['error', 'list-missing', 'orders'],
    ],
    [
      'a CA that runs out',
      looked =>
        put(looked.trust, {
          authorities: looked.trust.authorities.map(each =>
            each.id === ca ? { ...each, notAfter: now + anHour } : each,
          ),
        }),
      ['warning', 'authority-runs-out', 'lab'],
    ],
  ]
  test.each(table)('%s', (_what, bend, finding) => expect(found(bend)).toEqual([finding]))
})

describe('the lab', () => {
  const hop = {
    link: 'orders:payments',
    caller: 'orders',
    callee: 'payments',
    transport: 'mtls' as const,
    spliced: false,
    address: null,
    callees: null,
    verify: false,
  }
  const seen = {
    link: 'edge:gateway',
    caller: 'edge',
    callee: 'gateway',
    zones: { caller: 'dmz', callee: 'internal' },
    crossesZone: true,
    intended: 'plaintext' as const,
    connections: 1,
    refused: 0,
    requests: 1,
    data: ['card'],
    lastSeen: iso(now),
  }
  const table: [what: string, bend: (looked: Looked) => void, finding: string[]][] = [
    [
      'a workload that is gone',
      looked => put(looked.state.workloads[0], { connected: false }),
      ['error', 'not-connected', healthy().state.workloads[0]!.name],
    ],
    [
      'a workload whose certificate was revoked',
      looked => {
        put(looked.state.workloads[0], { connected: false })
        delete looked.reports[looked.state.workloads[0]!.name]
        for (const row of looked.certificates)
          if (row.name === looked.state.workloads[0]!.id) put(row, { revokedAt: now })
      },
      ['error', 'not-connected', healthy().state.workloads[0]!.name],
    ],
    [
      'a wire that leads elsewhere',
      looked => looked.interfered.push('orders:payments'),
      ['error', 'wire-interfered', 'orders:payments'],
    ],
    [
      'an order that was refused',
      looked => put(looked.state.workloads[0], { error: 'bad-credentials' }),
      ['error', 'order-refused', healthy().state.workloads[0]!.name],
    ],
    [
      'a callee nobody checks',
      looked => void looked.state.hops.push(hop),
      ['error', 'verification-off', 'orders:payments'],
    ],
    [
      'a broad policy',
      looked => put(looked.switches, { policy: { kind: 'allow-all' } }),
      ['error', 'switched-policy', 'lab'],
    ],
    [
      'a rotation that stands still',
      looked =>
        put(looked.state, {
          rotation: { what: 'root', step: 'trust', reached: true, stopAt: 'trust', careless: null },
        }),
      ['warning', 'rotation-held', 'lab'],
    ],
    [
      'renewal switched off',
      looked => put(looked.switches, { renewal: { orders: { on: false } } }),
      ['warning', 'switched-renewal', 'lab'],
    ],
    [
      'a request that was not served',
      looked => put(looked.gate, { probe: 'connection-closed' }),
      ['error', 'not-served', 'lab'],
    ],
    [
      'plaintext over a border as declared',
      looked => void looked.gate.findings.push({ ...seen, declared: true, decision: 'finding', because: 'declared' }),
      ['warning', 'plaintext-across-zones', 'edge:gateway'],
    ],
    [
      'plaintext over a border that nobody declared',
      looked =>
        void looked.gate.findings.push({ ...seen, declared: false, decision: 'refused', because: 'undeclared' }),
      ['error', 'plaintext-across-zones', 'edge:gateway'],
    ],
  ]
  test.each(table)('%s', (_what, bend, finding) => expect(found(bend)).toEqual([finding]))
  test('a rotation on its way back is told as that, and nobody is sent forward', () => {
    const looked = healthy()
    put(looked.state, {
      rotation: { what: 'root', step: 'reissue', reached: false, stopAt: null, careless: null, back: true },
    })
    const [finding] = examineLooked(looked, now).findings
    expect(finding!.seen).toEqual(['root, being undone: on the way to reissue'])
    expect(finding!.remedy).toBe('hop rotate --back goes on with the way back')
  })

  test('a remedy that names a switch names one there is', () => {
    const looked = healthy()
    Object.assign(looked.switches, {
      proxyProtocol: 'anyone',
      policy: { kind: 'allow-all' },
      trustWithheld: ['orders'],
    })
    looked.switches.revocation = { lists: 'missing', failure: 'soft-fail' } as never
    looked.switches.renewal = { orders: { on: false } }
    looked.trust.workloads.orders = { ...looked.trust.workloads.orders!, version: 1 }
    const { findings } = examineLooked(looked, now - anHour)
    const named = findings.flatMap(({ remedy }) => /hop switch (\S+) default/.exec(remedy)?.[1] ?? [])
    expect(named.length).toBeGreaterThanOrEqual(5)
    expect(named.filter(name => !(name in looked.switches))).toEqual([])
  })
})

describe('refused connections', () => {
  const at = iso(now - 60_000)
  const server: ConnectionRecord = {
    cursor: 1,
    id: 's',
    side: 'server',
    at,
    peerKey: heldBy('orders').key,
    failure: { name: 'certificate-expired', code: 'CERT_HAS_EXPIRED' },
  }
  const client: ConnectionRecord = {
    cursor: 1,
    id: 'c',
    side: 'client',
    link: 'orders:payments',
    at,
    failure: { name: 'connection-closed', code: 'ECONNRESET' },
  }
  const both = (looked: Looked) => {
    looked.reports.orders = reportOf('orders', { connections: [client] })
    looked.reports.payments = reportOf('payments', { connections: [server] })
  }

  test('both ends’ records are one finding', () => {
    expect(found(both)).toEqual([['error', 'refused-certificate-expired', 'orders:payments']])
  })

  test('the callee’s alone is enough: the key tells who came', () => {
    expect(found(looked => put(looked.reports, { payments: reportOf('payments', { connections: [server] }) }))).toEqual(
      [['error', 'refused-certificate-expired', 'orders:payments']],
    )
  })

  test('a link that serves again, and a stranger turned away, are worth a note', () => {
    const served = { cursor: 2, at: iso(now - 1), rule: 'orders:payments' } as Report['requests'][number]
    const again = (looked: Looked) => {
      both(looked)
      looked.reports.payments!.requests = [served]
    }
    expect(found(again)).toEqual([['note', 'refused-certificate-expired', 'orders:payments']])
    const { peerKey: _, ...unknown } = server
    const stranger = { ...unknown, remoteAddress: '127.9.9.9' }
    expect(
      found(looked => put(looked.reports, { payments: reportOf('payments', { connections: [stranger] }) })),
    ).toEqual([['note', 'refused-certificate-expired', '127.9.9.9:payments']])
  })

  test('what is long past is left alone', () => {
    const old = { ...server, at: iso(now - 3 * anHour) }
    expect(found(looked => put(looked.reports, { payments: reportOf('payments', { connections: [old] }) }))).toEqual([])
  })
})
