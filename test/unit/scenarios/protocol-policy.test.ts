import { expect, test } from 'vitest'
import type { Met } from '../../../scenarios/flows/tls-clients.ts'
import { type Changed, judgeProtocolPolicy, type PolicyRun } from '../../../scenarios/lifecycle/protocol-policy.ts'
import type { TlsForecast } from '../../../scenarios/tls-preview.ts'

const modern = { kind: 'TLS 1.3 only', from: '127.64.0.1', agreed: 'TLSv1.3 A', status: 201 } satisfies Met
const old = { kind: 'TLS 1.2 only', from: '127.64.0.2', agreed: 'TLSv1.2 B', status: 201 } satisfies Met
const refused = (cause: string, server: string | undefined = cause): Met => ({
  ...{ kind: old.kind, from: old.from, status: 0, client: cause },
  ...(server === undefined ? {} : { server }),
})
const foreseen = (verdict: TlsForecast['verdict']): TlsForecast => ({
  ...{ address: old.from, protocol: 'TLSv1.2', cipher: 'B', connections: 1, lastSeen: '', because: 'it goes', verdict },
})

const changed = (more: Partial<Changed> = {}): Changed => ({
  change: 'TLS 1.3 is the least',
  foreseen: [foreseen('will-fail')],
  met: [modern, refused('protocol-version')],
  ...more,
})
const run = (change: Changed, more: Partial<PolicyRun> = {}): PolicyRun => ({
  ...{ before: [modern, old], changes: [change], oldEnded: true, restored: [modern, old] },
  ...more,
})

test('whoever fails was named, and whoever was sure to fail failed: holds', () => {
  expect(judgeProtocolPolicy(run(changed()))).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('who might have failed may pass', () => {
  const other = { ...old, kind: 'two suites', from: '127.64.0.3' } satisfies Met
  const change = changed({
    foreseen: [foreseen('will-fail'), { ...foreseen('may-fail'), address: other.from }],
    met: [modern, refused('protocol-version'), other],
  })
  const before = [modern, old, other]
  expect(judgeProtocolPolicy(run(change, { before, restored: before }))).toMatchObject({ verdict: 'holds' })
})

test('clients of one address are told apart by what they agreed on', () => {
  const [a, b] = [modern, old].map(met => ({ ...met, from: '10.7.0.5' })) as [typeof modern, typeof old]
  const gone: Met = { ...refused('protocol-version'), from: '10.7.0.5' }
  const change = changed({ foreseen: [{ ...foreseen('will-fail'), address: '10.7.0.5' }], met: [a, gone] })
  const observed = judgeProtocolPolicy(run(change, { before: [a, b], restored: [a, b] }))
  expect(observed).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test.each<[string, PolicyRun, RegExp]>([
  ['somebody failed whom nobody named', run(changed({ foreseen: [] })), /nobody had named TLS 1.2 only/],
  ['an old connection goes on', run(changed(), { oldEnded: false }), /went on/],
])('%s: broken', (_, observed, because) => {
  expect(judgeProtocolPolicy(observed)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judgeProtocolPolicy(observed).because).toMatch(because)
})

test('somebody who was sure to fail does not: broken', () => {
  const lost = { ...refused('protocol-version'), from: '127.64.0.3', kind: 'another' } satisfies Met
  const before = [modern, old, { ...old, from: lost.from, kind: 'another' }]
  const change = changed({
    foreseen: [foreseen('will-fail'), { ...foreseen('will-fail'), address: lost.from }],
    met: [modern, old, lost],
  })
  const observed = judgeProtocolPolicy(run(change, { before, restored: before }))
  expect(observed).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(observed.because).toMatch(/TLS 1.2 only did not fail/)
})

test.each<[string, PolicyRun]>([
  ['a refusal has another cause', run(changed({ met: [modern, refused('connection-closed')] }))],
  [
    'the other end has no record of it',
    run(changed({ met: [modern, { ...refused('protocol-version'), server: '' }] })),
  ],
  ['a change broke nobody', run(changed({ foreseen: [], met: [modern, old] }))],
  ['a change broke everybody', run(changed({ met: [refused('protocol-version')] }))],
  ['nothing was changed', run(changed(), { changes: [] })],
  ['it was not set back', run(changed(), { restored: [modern, refused('protocol-version')] })],
])('%s: nothing was shown', (_, observed) => {
  expect(judgeProtocolPolicy(observed).control.passed).toBe(false)
})
