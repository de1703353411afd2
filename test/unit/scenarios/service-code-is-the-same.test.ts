import { expect, test } from 'vitest'
import { judgeSameCode } from '../../../scenarios/sidecars/service-code-is-the-same.ts'

const run = { name: 'orders', digest: 'd1', startedAt: '2026-01-01T00:00:00.000Z', instance: 'i1' }
const answer = (body: string, status = 201) => ({ answered: true, status, headers: {}, body }) as const
const asked = [
  {
    mode: 'edge-terminate-plaintext' as const,
    attempt: answer('{"id":"a","sum":1}'),
    transports: { 'a:b': 'plaintext' },
  },
  { mode: 'mtls' as const, attempt: answer('{"sum":2,"id":"b"}'), transports: { 'a:b': 'mtls' } },
]
const same = { before: { orders: run }, after: { orders: run }, asked }

test('holds when the same run of the same code answers alike, values aside', () => {
  expect(judgeSameCode(same)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test.each([
  ['another code', { digest: 'd2' }],
  ['a restart', { instance: 'i2' }],
  ['another start', { startedAt: '2026-01-01T00:00:01.000Z' }],
])('is broken by %s', (_, change) => {
  const judged = judgeSameCode({ ...same, after: { orders: { ...run, ...change } } })
  expect(judged).toMatchObject({ verdict: 'broken', because: 'orders did not run on unchanged' })
})

test.each([
  ['a field more', answer('{"id":"b","sum":2,"via":"x"}')],
  ['another kind of value', answer('{"id":7,"sum":2}')],
  ['another status', answer('{"id":"b","sum":2}', 200)],
])('is broken by %s in one mode', (_, attempt) => {
  expect(judgeSameCode({ ...same, asked: [asked[0]!, { ...asked[1]!, attempt }] }).verdict).toBe('broken')
})

test('shows nothing where no transport changed, a request failed, or a workload does not say what it runs', () => {
  const still = asked.map(one => ({ ...one, transports: { 'a:b': 'mtls' } }))
  const failure = { answered: false, failure: { name: 'connection-refused', code: 'ECONNREFUSED' } } as const
  for (const other of [
    { asked: still },
    { asked: asked.map(one => ({ ...one, attempt: failure })) },
    { before: { orders: undefined }, after: { orders: undefined } },
    { before: {}, after: {} },
  ])
    expect(judgeSameCode({ ...same, ...other }).control.passed).toBe(false)
})
