import { expect, test } from 'vitest'
import { judgeNames, type Misnamed } from '../../../scenarios/edge/names-agree.ts'
import type { Named } from '../../../scenarios/flows/names.ts'

const own: Named = { over: 'HTTP/1.1', connection: 'new', asked: 'shop.hop.lab', status: 201 }
const other: Named = { ...own, connection: 'used', asked: 'evil.example', status: 421, failure: 'misdirected-request' }
const run: Misnamed = {
  own: 'shop.hop.lab',
  named: [own, other],
  reached: [],
  handshake: 'unrecognized-name',
  expectedOwn: 1,
}

test('other names called misdirected and found nowhere hold', () => {
  expect(judgeNames(run)).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test.each<[string, Partial<Misnamed>]>([
  ['another name was served', { named: [own, { ...own, asked: 'evil.example' }] }],
  ['a refused request was let in by somebody', { reached: ['orders'] }],
  ['a handshake for another name was completed', { handshake: 'taken' }],
])('%s: broken', (_, change) => {
  expect(judgeNames({ ...run, ...change })).toMatchObject({ verdict: 'broken', control: { passed: true } })
})

test.each<[string, Partial<Misnamed>]>([
  ['the right name is refused too', { named: [{ ...own, status: 421 }, other] }],
  ['refused for something else', { named: [own, { ...other, status: 503, failure: 'no-upstream' }] }],
  ['no answer at all', { named: [own, { over: 'HTTP/1.1', connection: 'used', asked: 'evil.example', status: 0 }] }],
  ['the handshake just failed', { handshake: 'lost' }],
  ['no other name was tried', { named: [own] }],
])('%s: nothing was shown', (_, change) => {
  expect(judgeNames({ ...run, ...change }).control.passed).toBe(false)
})
