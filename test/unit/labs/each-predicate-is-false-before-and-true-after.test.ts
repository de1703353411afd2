import { expect, test } from 'vitest'
import { conditionIn } from '../../../labs/condition.ts'
import type { Events } from '../../../labs/events.ts'
import { faults } from '../../../labs/faults.ts'
import { judgeCondition, judgeStep } from '../../../labs/judge.ts'
import { predicates } from '../../../labs/predicates.ts'
import { nothing, recorded } from './events.ts'

const orders = 'spiffe://hop.lab/orders'
const audited = (action: string, target: string, who = 'operator', result = 'ok') => ({
  audit: [{ id: 1, at: 1, who, action, target, result, detail: {} }],
})
const verdict = (mode: Events['state']['mode'], link?: string) => ({
  verdicts: [{ scenario: 'eavesdrop', mode, verdict: 'holds' as const, observedAt: '', ...(link ? { link } : {}) }],
})
const state = (change: Partial<Events['state']>) => ({ state: { ...nothing().state, ...change } })
const rollout = { from: 're-encrypt', to: 'mtls', step: 'widen', reached: true, stopAt: 'widen' }
const broken = state({ switched: { policy: { kind: 'allow-all' } } })
const allowed = { ...broken, switches: { ...nothing().switches, policy: { kind: 'allow-all' as const } } }
const byCertificate = { rule: 'orders:payments', caller: orders, callerBy: 'certificate' as const }
const mtls = { transport: 'mtls' as const, protocol: 'TLSv1.3' }
const proven = { ...mtls, peer: { kind: 'authenticated' as const, id: orders, serial: '1', notAfter: '' } }
const failed = (name: string) => ({ failure: { name, code: 'X' } })

/** What is waited for; what happened that is it; what happened that is not, though it looks like it. */
const cases: [condition: string, after: Partial<Events>, ...not: Partial<Events>[]][] = [
  ['mode is=passthrough', state({ mode: 'passthrough' }), state({ mode: 'passthrough', settled: false })],
  [
    'request at=payments caller=orders by=certificate outcome=served over=mtls status=2xx',
    recorded('payments', mtls, byCertificate),
    recorded('payments', mtls, { ...byCertificate, callerBy: 'header' }),
    recorded('payments', mtls, { ...byCertificate, caller: 'spiffe://hop.lab/inventory' }),
    recorded('payments', { transport: 'tls' }, byCertificate),
    recorded('payments', mtls, { ...byCertificate, status: 502 }),
    recorded('payments', mtls, { caller: orders, callerBy: 'certificate', denied: 'no rule' }),
    recorded('inventory', mtls, byCertificate),
  ],
  [
    'request at=payments outcome=denied',
    recorded('payments', mtls, { denied: 'no rule lets an unnamed caller in' }),
    recorded('payments', mtls, byCertificate),
  ],
  [
    'request at=payments proven=orders rule=deny-by-name',
    recorded('payments', proven, { rule: 'deny-by-name' }),
    recorded('payments', mtls, { rule: 'deny-by-name' }),
  ],
  [
    'refused at=payments failure=self-signed',
    recorded('payments', failed('self-signed')),
    recorded('payments', failed('revoked')),
    recorded('payments', { side: 'client', ...failed('self-signed') }),
  ],
  [
    'failed at=orders link=orders:payments failure=certificate-expired',
    recorded('orders', { side: 'client', link: 'orders:payments', ...failed('certificate-expired') }),
    recorded('orders', { side: 'client', link: 'orders:inventory', ...failed('certificate-expired') }),
    recorded('orders', { side: 'server', ...failed('certificate-expired') }),
  ],
  [
    'carried link=orders:payments over=mtls protocol=TLSv1.3',
    recorded('payments', mtls, byCertificate),
    recorded('payments', mtls),
    recorded('payments', mtls, { ...byCertificate, rule: 'allow-all' }),
    recorded('payments', { ...mtls, protocol: 'TLSv1.2' }, byCertificate),
  ],
  ['spliced at=edge', recorded('edge', { transport: 'spliced' }), recorded('edge', { transport: 'tls' })],
  [
    'readable link=orders:payments data=card',
    { wire: { 'orders:payments': Buffer.from('{"card":"4000"}') } },
    { wire: { 'orders:payments': Buffer.from('{"stock":"4000"}') } },
    { wire: { 'orders:inventory': Buffer.from('{"card":"4000"}') } },
  ],
  [
    'unreadable link=orders:payments data=card',
    { wire: { 'orders:payments': Buffer.from('1603030200', 'hex') } },
    { wire: { 'orders:payments': Buffer.from('{"card":"4000"}') } },
    { wire: { 'orders:payments': Buffer.alloc(0) } },
  ],
  ['switch name=policy is=switched', allowed, state({ switched: { clocks: { edge: 1 } } })],
  ['switch name=policy value=allow-all', allowed],
  [
    'verdict scenario=eavesdrop is=holds mode=mtls link=orders:payments',
    verdict('mtls', 'orders:payments'),
    verdict('hybrid', 'orders:payments'),
    verdict('mtls', 'orders:inventory'),
    { verdicts: [{ scenario: 'eavesdrop', mode: 'mtls', link: 'orders:payments', verdict: 'broken', observedAt: '' }] },
    { verdicts: [{ scenario: 'alter', mode: 'mtls', link: 'orders:payments', verdict: 'holds', observedAt: '' }] },
  ],
  [
    'audit action=renew who=payments',
    audited('renew', 'x', 'spiffe://hop.lab/payments'),
    audited('renew', 'x', 'spiffe://hop.lab/orders'),
    audited('revoke', 'x', 'spiffe://hop.lab/payments'),
    audited('renew', 'x', 'spiffe://hop.lab/payments', 'begun'),
  ],
  [
    'holding step=widen to=mtls',
    state({ rollout: rollout as never }),
    state({ rollout: { ...rollout, reached: false } as never }),
  ],
]

test.each(cases)('%s', (text, after, ...not) => {
  const condition = conditionIn('a-lesson.md', 1, text)
  const judge = (events: Partial<Events>) => judgeCondition({ ...nothing(), ...events }, condition)
  const before = judge({})
  expect(before.holds, before.saw).toBe(false)
  expect(judge(after).holds, judge(after).saw).toBe(true)
  for (const other of not) expect(judge(other).holds, judge(other).saw).toBe(false)
  expect(before.saw).not.toBe(judge(after).saw)
})

test('faults are repaired when none of those that were drawn is left, and never where none was drawn', () => {
  const condition = conditionIn('a-lesson.md', 1, 'repaired')
  const drawn = faults.filter(({ name }) => ['allowed', 'clock'].includes(name))
  const withClock = { ...allowed, ...state({ switched: { policy: { kind: 'allow-all' }, clocks: { payments: -1 } } }) }
  const judge = (events: Partial<Events>) => judgeCondition({ ...nothing(), faults: drawn, ...events }, condition)
  expect(judge(withClock)).toEqual({ holds: false, saw: '0 of 2 faults are repaired' })
  expect(judge(allowed)).toEqual({ holds: false, saw: '1 of 2 faults are repaired' })
  expect(judge({})).toEqual({ holds: true, saw: '2 of 2 faults are repaired' })
  expect(judge({ faults: [] }).holds).toBe(false)
})

test('a step is done when all its conditions hold, and says which do not', () => {
  const conditions = ['mode is=mtls', 'refused at=payments'].map(text => conditionIn('a-lesson.md', 1, text))
  expect(judgeStep(nothing(), { conditions })).toMatchObject({
    holds: false,
    saw: expect.stringMatching(/^payments has refused no caller/),
  })
  const both = { ...nothing(), ...recorded('payments', failed('revoked')) }
  expect(judgeStep(both, { conditions }).holds).toBe(true)
})

test('where nothing was asked yet, that is what is said', () => {
  const condition = conditionIn('a-lesson.md', 1, 'request at=edge status=2xx')
  expect(judgeCondition(nothing(), condition)).toEqual({ holds: false, saw: 'no request at edge' })
})

test('every predicate there is has been put to the test here', () => {
  const tried = [...cases.map(([text]) => text.split(' ')[0]), 'repaired']
  expect([...new Set(tried)].sort()).toEqual(Object.keys(predicates).sort())
})
