import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import type { Rule } from '../../../services/chassis/desired.ts'
import { createRouteMetrics } from '../../../services/l7/metrics.ts'
import { createRateLimit } from '../../../services/l7/rate-limit.ts'
import { contextOf } from '../services/stage.ts'

const rule = (paths: string[]): Rule => ({ link: 'a:b', from: 'anyone', transports: [], methods: [], paths })

const counted = () => {
  const metrics = createRouteMetrics()
  return {
    metrics,
    request(method: string, url: string, paths: string[], status: number, ms: number) {
      const context = contextOf({ rule: rule(paths) })
      metrics.watch(context, { method, url } as IncomingMessage)
      context.finished?.(context, status, ms)
    },
  }
}

test('each request counts once by class, once by latency, under method and pattern', () => {
  const { metrics, request } = counted()
  const paths = ['/orders', '/orders/*']
  request('GET', '/orders/4711?card=1', paths, 200, 0.5)
  request('GET', '/orders/4712', paths, 404, 3)
  request('GET', '/orders', paths, 503, 99_999)
  request('GET', '/orders/x', paths, 0, 7)
  const { latencyMs, routes } = metrics.read()
  const latency = (...buckets: number[]) => [...latencyMs, 0].map((_, i) => buckets.filter(at => at === i).length)
  expect(routes).toEqual([
    { route: 'GET /orders/*', status: { '2xx': 1, '4xx': 1, none: 1 }, latency: latency(0, 2, 3), refused: {} },
    { route: 'GET /orders', status: { '5xx': 1 }, latency: latency(latencyMs.length), refused: {} },
  ])
  expect(JSON.stringify(routes)).not.toContain('4711')
})

test('routes beyond the bound are counted together', () => {
  const { metrics, request } = counted()
  for (let i = 0; i < 1000; i++) request('GET', `/${i}`, [`/${i}`], 200, 1)
  const { routes } = metrics.read()
  expect(routes).toHaveLength(129)
  expect(routes.at(-1)).toMatchObject({ route: 'other', status: { '2xx': 872 } })
})

test('what was read does not change afterwards', () => {
  const { metrics, request } = counted()
  request('GET', '/a', ['/a'], 200, 1)
  const before = metrics.read()
  request('GET', '/a', ['/a'], 200, 1)
  expect(before.routes[0]?.status).toEqual({ '2xx': 1 })
})

test('a bucket fills again with time, each client has his own, and the oldest goes when there are too many', () => {
  let now = 0
  const limit = createRateLimit(() => now)
  const rate = { perSecond: 2, burst: 2 }
  const take = (client: string) => limit.take(client, rate)
  expect([take('a'), take('a'), take('a'), take('b')]).toEqual([0, 0, 1, 0])
  now = 500
  expect([take('a'), take('a')]).toEqual([0, 1])
  for (let i = 0; i < 10_000; i++) take(`client ${i}`)
  expect(take('a')).toBe(0)
})

test('an IPv6 client has one bucket for all the addresses he may choose from', () => {
  const limit = createRateLimit(() => 0)
  const take = (client: string) => limit.take(client, { perSecond: 1, burst: 1 })
  expect(take('2001:db8::1')).toBe(0)
  for (const same of ['2001:db8::2', '2001:db8:0:0:ffff::', '2001:0db8::192.0.2.1']) expect(take(same)).toBe(1)
  for (const other of ['2001:db8:0:1::1', '::1', '192.0.2.1', '192.0.2.2', 'unknown', ':']) expect(take(other)).toBe(0)
})
