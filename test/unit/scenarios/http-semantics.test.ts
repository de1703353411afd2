import { expect, test } from 'vitest'
import type { Told, Way } from '../../../scenarios/flows/semantics.ts'
import { judgeSemantics } from '../../../scenarios/migration/http-semantics.ts'

const told = (more: Partial<Told> = {}): Told => ({
  ...{ asked: 'an order', status: 201, interim: '', headers: 'content-type: application/json', body: '{}', via: 0 },
  ...more,
})
const way = (proxies: number, more: Partial<Told> = {}): Way => ({
  ...{ from: `hop ${proxies}`, proxies },
  told: [
    told({ via: proxies }),
    told({ asked: 'an order announced by Expect', via: proxies, interim: 'HTTP/1.1 100 Continue' }),
    told({ asked: 'a bad one', status: 400, via: proxies, ...more }),
  ],
})

test('the same answers through more proxies hold', () => {
  expect(judgeSemantics([way(0), way(1), way(2)])).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test.each<[string, Partial<Told>]>([
  ['another status', { status: 502 }],
  ['a header that was lost', { headers: '' }],
  ['a body that was changed', { body: '{"a":1}' }],
  ['an interim answer that was made up', { interim: 'HTTP/1.1 100 Continue' }],
])('%s is broken, and told', (_, more) => {
  const observed = judgeSemantics([way(0), way(1, more)])
  expect(observed).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(observed.because).toMatch(/a bad one from hop 1: (status|headers|body|interim)/)
})

test.each<[string, Way[]]>([
  ['a proxy that left no name may not have been there', [way(0), { ...way(1), told: way(0).told }]],
  [
    'without an order served nothing is comparable',
    [0, 1].map(via => ({ from: 'x', proxies: via, told: [told({ status: 503, via })] })),
  ],
  [
    'without an interim answer none could be lost',
    [0, 1].map(via => ({ from: 'x', proxies: via, told: [told({ via })] })),
  ],
  ['one way alone compares nothing', [way(0)]],
])('%s', (_, ways) => {
  expect(judgeSemantics(ways).control.passed).toBe(false)
})
