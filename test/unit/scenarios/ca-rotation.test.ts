import { describe, expect, test } from 'vitest'
import type { StolenUse } from '../../../scenarios/flows/stolen-use.ts'
import { type InOrder, judgeInOrder } from '../../../scenarios/lifecycle/ca-rotation-in-order.ts'
import { judgeOutOfOrder, type OutOfOrder } from '../../../scenarios/lifecycle/ca-rotation-out-of-order.ts'
import { judgeReach, type Reach } from '../../../scenarios/lifecycle/trust-bundle-reaches-everybody.ts'
import type { Attempt } from '../../../scenarios/tools/attempt.ts'
import type { ConnectionRecord, Observations } from '../../../services/chassis/observation.ts'
import type { TrustState } from '../../../services/control/certificates/trust-state.ts'
import { answered, cut, hop, refusedAs, served, shop } from './outcomes.ts'

const names = Object.keys(shop.workloads)

const trust = (root: string, version: number, behind: string[] = []): TrustState => ({
  ...{ version, publishedAt: 0, rotation: null },
  authorities: [
    { id: root, kind: 'root', active: true, trusted: true, root, notAfter: 1 },
    { id: `${root}-workloads`, kind: 'workloads', active: true, trusted: true, root, notAfter: 1 },
  ],
  workloads: Object.fromEntries(
    names.map(name => [
      name,
      { version: behind.includes(name) ? version - 1 : version, ok: true, at: 5, drained: true },
    ]),
  ),
})
const failure = (name: string): Attempt => ({ answered: false, failure: { name, code: name } })

describe('a rotation in order', () => {
  const request = served().request!
  const recorded = (peerIssuer: string, holds = 'new'): Observations => ({
    ...{ workload: 'payments', keyLog: [], cursor: 9 },
    requests: [{ ...request, cursor: 5, connection: 'late' }],
    connections: [{ cursor: 4, id: 'late', side: 'server', at: '', peerIssuer }],
    held: [
      { kind: 'workload', name: 'x', key: 'k', serial: 's', notBefore: '', notAfter: '', issuer: `${holds}-workloads` },
    ],
    trust: { version: 2, roots: ['new'], crls: [] },
  })
  const use: StolenUse = {
    before: { live: served(), fresh: served() },
    after: { live: cut, fresh: refusedAs('crl-missing'), resumed: refusedAs('crl-missing') },
    ...{ tickets: 0, stoppedAfterMs: { live: 1, fresh: 1, resumed: 1 }, genuine: served() },
  }
  const seen: InOrder = {
    ...{ before: trust('old', 1), after: trust('new', 2), ms: 1, use },
    meanwhile: { calls: 4, lost: [] },
    reports: { payments: recorded('new-workloads') },
    over: { payments: 4 },
  }
  const judged = (change: Partial<InOrder> = {}) => judgeInOrder(hop, { ...seen, ...change })

  test('that cost nothing and left nothing holds', () => {
    expect(judged()).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judgeInOrder(undefined, { ...seen, use: undefined })).toMatchObject({
      verdict: 'holds',
      control: { passed: true },
    })
  })

  test.each<[string, Partial<InOrder>, RegExp]>([
    ['an order was lost', { meanwhile: { calls: 4, lost: [failure('connection-closed')] } }, /1 of 4 orders/],
    [
      'a connection of the old root was still used',
      { reports: { payments: recorded('old-workloads') } },
      /1 requests came/,
    ],
    [
      'somebody still holds a certificate of it',
      { reports: { payments: recorded('new', 'old') } },
      /payments holds on/,
    ],
    [
      'the thief was still served',
      { use: { ...use, after: { ...use.after, live: served() } } },
      /stolen certificate of the old/,
    ],
  ])('%s: broken', (_, change, because) => {
    const { verdict, because: why, control } = judged(change)
    expect([verdict, control.passed]).toEqual(['broken', true])
    expect(why).toMatch(because)
  })

  test.each<[string, Partial<InOrder>]>([
    ['no root was replaced', { after: trust('old', 2) }],
    ['no request came after it', { over: { payments: 5 } }],
    ['what was stolen was worth nothing before', { use: { ...use, before: { live: cut, fresh: cut } } }],
    [
      'the thief was refused for something else',
      { use: { ...use, after: { ...use.after, fresh: refusedAs('expired') } } },
    ],
  ])('%s: nothing was shown', (_, change) => {
    expect(judged(change).control.passed).toBe(false)
  })
})

describe('a rotation out of order', () => {
  const record = (side: ConnectionRecord['side'], name: string): ConnectionRecord => ({
    ...{ cursor: 1, id: 'c', side, at: '', link: hop.link.id, failure: { name, code: name } },
  })
  const refused: Attempt = { answered: true, status: 502, headers: {}, body: '' }
  const reports = {
    orders: { connections: [record('client', 'crl-missing')] },
    payments: { connections: [record('server', 'connection-closed')] },
  }
  const seen: OutOfOrder = {
    ...{
      before: answered,
      strict: failure('unknown-authority'),
      careless: refused,
      reports,
      after: answered,
      wayOutMs: 1,
    },
  }
  const judged = (change: Partial<OutOfOrder> = {}) => judgeOutOfOrder([hop], { ...seen, ...change })

  test('whose outage is named at both ends, and over after the way out, is broken', () => {
    expect(judged()).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })

  test('that lost nothing would hold', () => {
    expect(judged({ strict: answered, careless: answered })).toMatchObject({
      verdict: 'holds',
      control: { passed: true },
    })
  })

  test.each<[string, Partial<OutOfOrder>]>([
    ['orders failed before', { before: refused }],
    ['the way out did not lead out', { after: refused }],
    ['the customer failed for another reason', { strict: failure('connection-refused') }],
    ['nobody inside named it', { reports: { payments: reports.payments } }],
    ['nobody recorded that he was refused', { reports: { orders: reports.orders } }],
  ])('%s: nothing was shown', (_, change) => {
    expect(judged(change).control.passed).toBe(false)
  })
})

describe('trust that reaches everybody', () => {
  const { callee } = hop.link
  const seen: Reach = {
    missed: callee,
    ...{ before: trust('r', 1), meanwhile: trust('r', 3, [callee]), after: trust('r', 4) },
    thief: { meanwhile: served(), after: refusedAs('revoked') },
  }
  const judged = (change: Partial<Reach> = {}) => judgeReach(shop, hop, { ...seen, ...change })

  test('but for one who is found holds', () => {
    expect(judged()).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test.each<[string, TrustState]>([
    ['nobody was found', trust('r', 3)],
    ['another was found', trust('r', 3, ['edge'])],
    ['more were found', trust('r', 3, ['edge', callee])],
  ])('%s: broken', (_, meanwhile) => {
    expect(judged({ meanwhile })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })

  test.each<[string, Partial<Reach>]>([
    ['somebody had not taken it before', { before: trust('r', 1, ['edge']) }],
    ['it never reached the one', { after: trust('r', 4, [callee]) }],
    ['nothing was given out', { after: trust('r', 1) }],
    [
      'the revoked certificate was refused without the news',
      { thief: { ...seen.thief!, meanwhile: refusedAs('revoked') } },
    ],
    ['the news changed nothing', { thief: { ...seen.thief!, after: served() } }],
  ])('%s: nothing was shown', (_, change) => {
    expect(judged(change).control.passed).toBe(false)
  })
})
