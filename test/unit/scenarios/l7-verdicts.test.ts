import { describe, expect, test } from 'vitest'
import { type Delivered, disorderIn, judgeHeaders } from '../../../scenarios/edge/header-normalization.ts'
import { judgeFilter } from '../../../scenarios/edge/l7-control.ts'
import { judgeMetrics, type Measured } from '../../../scenarios/edge/l7-metrics.ts'
import { judgeMoved } from '../../../scenarios/edge/policy-pack-moved.ts'
import { type Flood, judgeRateLimit } from '../../../scenarios/edge/rate-limit.ts'
import { judgeRouting, type Travelled } from '../../../scenarios/edge/routing.ts'
import { countedBetween } from '../../../scenarios/flows/l7-counts.ts'
import type { Round } from '../../../scenarios/flows/l7-round.ts'
import type { Got } from '../../../scenarios/flows/public-line.ts'
import type { Told } from '../../../scenarios/flows/story.ts'

const got = (status: number, failure?: string): Got => ({
  ...{ method: 'GET', path: '/orders/1', status },
  ...(failure === undefined ? {} : { failure }),
})
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one)
const told = (workload: string, failure?: string): Told =>
  ({
    workload,
    method: 'GET',
    path: '/x',
    status: 400,
    ...(failure ? { failure: { name: failure, code: failure } } : {}),
  }) as Told

describe('l7-control', () => {
  const attempt = { answered: true, status: 200, headers: {}, body: '' } as const
  const came = { attempt, told: [told('edge'), told('orders')] }
  const filtered = { attempt, told: [told('edge', 'filtered')] }
  const judge = (attacked: typeof came, more: { honest?: typeof came; unguarded?: typeof came } = {}) =>
    judgeFilter({ edge: 'edge', service: 'orders', honest: came, unguarded: came, attacked, ...more })

  test('an attack refused by the filter holds, one that arrives is broken', () => {
    expect(judge(filtered)).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judge(came)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judge(came).because).toContain('edge read it and let it pass')
    expect(judge({ attempt, told: [told('orders')] }).because).toContain('passed edge unread')
  })

  test('refused for another reason, or without the filter too, it shows nothing', () => {
    expect(judge({ attempt, told: [told('edge', 'no-route')] }).control.passed).toBe(false)
    expect(judge(filtered, { unguarded: filtered }).control.passed).toBe(false)
    expect(judge(filtered, { honest: filtered }).control.passed).toBe(false)
  })
})

describe('rate-limit', () => {
  const free: Flood = { answers: times(4, got(200)), other: got(200), arrived: { edge: 4, orders: 4 }, refused: {} }
  const limited: Flood = {
    answers: [got(200), ...times(3, got(429, 'rate-limited'))],
    ...{ other: got(200), arrived: { edge: 4, orders: 1 }, refused: { edge: 3 } },
  }
  const judge = (more: { free?: Flood; limited?: Flood }) =>
    judgeRateLimit({ edge: 'edge', service: 'orders', free, limited, ...more })

  test('a flood that the edge turned away holds, one that arrived whole is broken', () => {
    expect(judge({})).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judge({ limited: free })).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })

  test.each([
    ['the other client is limited too', { limited: { ...limited, other: got(429, 'rate-limited') } }],
    ['a flood without a limit does not arrive', { free: limited }],
    ['requests are lost for another reason', { limited: { ...limited, refused: { edge: 1 } } }],
    ['somebody else turned them away', { limited: { ...limited, refused: { gateway: 3 } } }],
  ])('where %s nothing is shown', (_, more) => {
    expect(judge(more).control.passed).toBe(false)
  })
})

describe('routing', () => {
  const answered = { answered: true, status: 200, headers: {}, body: '' } as const
  const by = (upstream: string | undefined, workload = 'edge'): Travelled => ({
    ...{ asked: 'GET /orders/1', attempt: answered },
    told: [{ workload, ...(upstream ? { upstream } : {}) }],
  })
  const judge = (withHeader: Travelled, without: Travelled, otherPath = without) =>
    judgeRouting({ edge: 'edge', callee: 'orders', withHeader, without, otherPath })

  test('another way for path and header together holds; one way for all is broken', () => {
    expect(judge(by('edge:orders'), by('edge:gateway'))).toMatchObject({ verdict: 'holds', control: { passed: true } })
    const blind = by(undefined, 'orders')
    expect(judge(blind, blind)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judge(by('edge:gateway'), by('edge:gateway')).verdict).toBe('broken')
    expect(judge(by('edge:orders'), by('edge:orders')).verdict).toBe('broken')
    expect(judge(by('edge:orders'), by('edge:gateway'), by('edge:orders')).verdict).toBe('broken')
  })

  test('a request that came to nobody shows nothing', () => {
    expect(judge(by('edge:orders'), { ...by('edge:gateway'), told: [] }).control.passed).toBe(false)
  })
})

describe('header-normalization', () => {
  const untidy = ['X-Tag: one', 'x-tag: two', 'X_Tag: 1', 'TE: trailers', 'Via: a', 'Via: b']
  const came: Delivered = { lines: untidy, untidy: got(200), conflict: got(200), told: [told('orders')] }
  const tidied: Delivered = {
    ...{ lines: ['x-tag: one, two'], untidy: got(200), conflict: got(400) },
    told: [told('edge', 'header-conflict')],
  }
  const judge = (mounted: Delivered, without = came) =>
    judgeHeaders({ edge: 'edge', service: 'orders', without, mounted })

  test('disorder is named', () => {
    expect(disorderIn(untidy)).toEqual(['x-tag twice', 'x_tag for x-tag', 'te, meant for one hop'])
    expect(disorderIn(['host: a', 'via: a', 'via: b'])).toEqual([])
  })

  test('headers in order hold; disorder or a contradiction at the service is broken', () => {
    expect(judge(tidied)).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judge(came)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    expect(judge({ ...tidied, told: [told('orders')] }).verdict).toBe('broken')
  })

  test.each([
    ['the request did not come', tidied, { ...came, lines: undefined }],
    ['nothing is out of order without the pack', tidied, { ...came, lines: [] }],
    ['the contradiction was refused for another reason', { ...tidied, told: [told('edge', 'filtered')] }, came],
  ])('where %s nothing is shown', (_, mounted, without) => {
    expect(judge(mounted, without).control.passed).toBe(false)
  })
})

describe('l7-metrics', () => {
  const counted = (status: Record<string, number>, timed: number) => ({
    ...{ requests: Object.values(status).reduce((sum, n) => sum + n, 0), routes: { 'GET /orders/*': status } },
    ...{ timed: { 'GET /orders/*': timed }, refused: {} },
  })
  const answers = [got(200), got(404)]
  const without: Measured = { answers, counted: undefined, passed: [] }
  const over = { cursor: 1, id: 'c', side: 'server', at: '', bytesIn: 10, bytesOut: 20, durationMs: 3 } as const
  const none = { requests: 0, routes: {}, timed: {}, refused: {} }
  const judge = (mounted: Partial<Measured>, bare = without) =>
    judgeMetrics({ edge: 'edge', without: bare, mounted: { ...without, ...mounted } })

  test("counts that are the client's own hold; none, or others, are broken", () => {
    const right = judge({ counted: counted({ '2xx': 1, '4xx': 1 }, 2) })
    expect(right).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judge({ counted: none, passed: [over] })).toMatchObject({ verdict: 'broken', control: { passed: true } })
    for (const wrong of [counted({ '2xx': 2 }, 2), counted({ '2xx': 1, '4xx': 1 }, 1), counted({ '2xx': 1 }, 1)])
      expect(judge({ counted: wrong }).verdict).toBe('broken')
  })

  test('an edge that saw neither requests nor the connection shows nothing, nor does one that counts without the pack', () => {
    expect(judge({ counted: none }).control.passed).toBe(false)
    const right = counted({ '2xx': 1, '4xx': 1 }, 2)
    expect(judge({ counted: right }, { ...without, counted: right }).control.passed).toBe(false)
  })

  test('only what was counted in between counts', () => {
    const report = (n: number) => ({
      l7: {
        latencyMs: [1],
        routes: [{ route: 'GET /a', status: { '2xx': n }, latency: [n, 0], refused: { filtered: n } }],
      },
    })
    const between = {
      requests: 2,
      routes: { 'GET /a': { '2xx': 2 } },
      timed: { 'GET /a': 2 },
      refused: { filtered: 2 },
    }
    expect(countedBetween(report(3), report(5))).toEqual(between)
    expect(countedBetween(report(3), {})).toBeUndefined()
    expect(countedBetween({}, report(2))).toEqual(between)
  })
})

describe('policy-pack-moved', () => {
  const round = (place?: string, honest = 201): Round => ({
    exercised: place ? { filter: place, rate: place, headers: place, tokens: place, metrics: place } : {},
    ...{ honest: got(honest), sent: 13, entries: ['edge'], turnedAway: {} },
  })
  const judge = (atEdge: Round, more: Partial<Record<'nowhere' | 'atService', Round>> = {}) =>
    judgeMoved({ edge: 'edge', service: 'orders', nowhere: round(), atService: round('orders'), atEdge, ...more })

  test('a pack that does all of its work at the edge holds, one that does nothing there is broken', () => {
    expect(judge(round('edge'))).toMatchObject({ verdict: 'holds', control: { passed: true } })
    expect(judge(round())).toMatchObject({ verdict: 'broken', control: { passed: true } })
  })

  test.each([
    ['somebody refuses where nothing is mounted', { nowhere: round('edge') }],
    ['the service does not take the work over', { atService: round() }],
    ['honest requests suffer', { atService: round('orders', 403) }],
  ])('where %s nothing is shown', (_, more) => {
    expect(judge(round(), more).control.passed).toBe(false)
  })

  test('work done in part is broken and shows nothing', () => {
    const part = { ...round(), exercised: { filter: 'edge' } }
    expect(judge(part)).toMatchObject({ verdict: 'broken', control: { passed: false } })
  })
})
