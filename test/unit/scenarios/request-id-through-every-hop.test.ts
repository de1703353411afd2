import { expect, test } from 'vitest'
import { type Followed, judgeIds } from '../../../scenarios/observing/request-id-through-every-hop.ts'
import type { JourneyHop } from '../../../scenarios/request/journey.ts'

const hop = (callee: string, depth: number, more: Partial<JourneyHop> = {}): JourneyHop => ({
  ...{ link: `x:${callee}`, caller: 'x', callee, depth, method: 'POST', path: '/orders', status: 201, ...more },
})
const followed = (requestId: string, hops: JourneyHop[], more: Partial<Followed> = {}): Followed => ({
  ...{ requestId, status: 201, method: 'POST', path: '/orders', hops, ...more },
})
const whole = [hop('edge', 0), hop('orders', 1)]
const denied = followed('r3', [hop('edge', 0, { status: 403, decision: { allowed: false, because: 'no rule' } })], {
  status: 403,
})
const splice = { workload: 'edge', at: '', knownBy: 'address' as const }
const ids = {
  callees: ['edge', 'orders'],
  first: followed('r1', whole),
  second: followed('r2', whole),
  refused: denied,
}
const judge = (how: Partial<Parameters<typeof judgeIds>[0]>) => judgeIds({ ...ids, ...how })

test('an id that everybody on the way has holds', () => {
  expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
})

test('an id that an edge which passed the connection on does not have is broken', () => {
  const behind = [hop('orders', 0)]
  const refused = followed(
    'r3',
    [hop('orders', 0, { status: 403, decision: { allowed: false, because: 'no rule' } })],
    { status: 403 },
  )
  const way = { first: followed('r1', behind, { splice }), second: followed('r2', behind), refused }
  expect(judge(way)).toMatchObject({ verdict: 'broken', control: { passed: true } })
  expect(judge({ ...way, first: followed('r1', behind) }).control.passed).toBe(false)
})

test('one id for two requests, or an answer without any, shows nothing', () => {
  expect(judge({ second: followed('r1', whole) }).control.passed).toBe(false)
  expect(judge({ second: followed('r2', [...whole, hop('edge', 0)]) }).control.passed).toBe(false)
  for (const name of ['first', 'second', 'refused'] as const)
    expect(judge({ [name]: undefined }).control.passed).toBe(false)
  expect(judge({ first: undefined }).verdict).toBe('broken')
})

test('a refusal that nobody wrote down shows nothing', () => {
  expect(judge({ refused: followed('r3', [hop('edge', 0, { status: 403 })], { status: 403 }) }).control.passed).toBe(
    false,
  )
})

test('a call that nobody recorded at its callee is no record of it', () => {
  const { status: _, ...lost } = hop('orders', 1)
  expect(judge({ first: followed('r1', [hop('edge', 0), lost]) })).toMatchObject({
    verdict: 'broken',
    control: { passed: false },
  })
})
