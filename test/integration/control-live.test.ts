import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Control } from '../../services/control/control.ts'
import { modes } from '../../services/modes.ts'
import {
  connectAll,
  type FakeWorkload,
  type Json,
  operatorOf,
  startControl,
  temporaryDirectory,
  workloads,
} from './control-support.ts'

describe('a control plane with the whole shop connected', () => {
  const directory = temporaryDirectory()
  let control: Control
  let shop: Record<string, FakeWorkload>
  let operator: ReturnType<typeof operatorOf>

  beforeAll(async () => {
    control = await startControl(directory.path)
    shop = await connectAll(control)
    operator = operatorOf(control.operatorAddress(), control.operatorToken)
  })
  afterAll(async () => {
    for (const workload of Object.values(shop)) workload.close()
    await control.close()
    directory.remove()
  })

  it('tells its state: everyone connected, every hop with transport and address', async () => {
    const { json } = await operator('GET', '/api/state')
    expect(json).toMatchObject({ mode: 'edge-terminate-plaintext', rollout: null, settled: true })
    expect(json.workloads.map((w: Json) => [w.name, w.connected, w.version === w.acked])).toEqual(
      workloads.map(name => [name, true, true]),
    )
    expect(json.hops.map((hop: Json) => [hop.link, hop.transport, hop.address.port])).toContainEqual([
      'orders:payments',
      'plaintext',
      20_003,
    ])
    expect(json.bundle).toContain('BEGIN CERTIFICATE')
  })

  it('goes through every ordered pair of modes by widen, move, narrow', async () => {
    const tour = modes.flatMap(a => modes.filter(b => b !== a).flatMap(b => [a, b]))
    for (const mode of tour) {
      const before = (await operator('GET', '/api/state')).json.mode
      const { lines, status } = await operator('PUT', '/api/mode', { mode })
      expect(status).toBe(200)
      expect(lines.at(-1)).toEqual({ done: true, mode })
      if (before !== mode)
        expect(lines.filter((line: Json) => line.type === 'reached').map((line: Json) => line.step)).toEqual([
          'widen',
          'move',
          'narrow',
        ])
    }
    await operator('PUT', '/api/mode', { mode: 'edge-terminate-plaintext' })
  })

  it('raises versions, never lowers them', () => {
    for (const { seen } of Object.values(shop)) {
      const versions = seen.map(({ version }) => version)
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
    }
  })

  it('hands on what a workload observed', async () => {
    shop.orders!.observe({ workload: 'liar', connections: [], requests: [], keyLog: [], held: [], cursor: 7 })
    const { json } = await operator('GET', '/api/workloads/orders/report?since=3')
    expect(json).toMatchObject({ workload: 'orders', cursor: 7 })
  })

  it('hands on what several observed, each since its own cursor', async () => {
    const observed = { connections: [], requests: [], keyLog: [], held: [] }
    shop.orders!.observe({ workload: 'orders', ...observed, cursor: 7 })
    shop.edge!.observe({ workload: 'edge', ...observed, cursor: 9 })
    const { json } = await operator('POST', '/api/reports', { since: { orders: 3, edge: 0 } })
    expect(json).toMatchObject({ orders: { workload: 'orders', cursor: 7 }, edge: { workload: 'edge', cursor: 9 } })
    expect(Object.keys(json)).toHaveLength(2)
  })

  it.each([
    [{ nobody: 0 }, 'workload-unknown'],
    [{ orders: -1 }, 'body-invalid'],
    [{ orders: '0' }, 'body-invalid'],
  ])('refuses to ask for the reports %j', async (since, code) => {
    const { status, json } = await operator('POST', '/api/reports', { since })
    expect([status, json.code]).toEqual([expect.toSatisfy(given => given >= 400 && given < 500), code])
  })

  it('says so when a workload does not report', async () => {
    const { status, json } = await operator('GET', '/api/workloads/payments/report')
    expect([status, json.code]).toEqual([504, 'report-timeout'])
  })

  it('reroutes a link through a tap, and back', async () => {
    const tap = { host: '127.0.0.1', port: 30_000 }
    expect((await operator('PUT', '/api/routes', { 'orders:payments': tap })).json).toEqual({ acknowledged: true })
    expect(shop.orders!.seen.at(-1)!.upstreams.find(u => u.callee === 'payments')!.address).toEqual(tap)
    await operator('PUT', '/api/routes', {})
    expect(shop.orders!.seen.at(-1)!.upstreams.find(u => u.callee === 'payments')!.address.port).toBe(20_003)
  })

  it('misconfigures one hop on purpose, visibly and on record', async () => {
    await operator('PUT', '/api/links/orders:payments/verify', { verify: false })
    expect(shop.orders!.seen.at(-1)!.upstreams.map(u => [u.callee, u.verify])).toContainEqual(['payments', false])
    const { json } = await operator('GET', '/api/state')
    expect(json.hops.filter((hop: Json) => !hop.verify).map((hop: Json) => hop.link)).toEqual(['orders:payments'])
    const audit = (await operator('GET', '/api/audit?since=0')).json
    expect(audit.at(-1)).toMatchObject({ who: 'operator', action: 'verify', target: 'orders:payments', result: 'ok' })
    await operator('PUT', '/api/links/orders:payments/verify', { verify: true })
  })

  it('records a change before anybody has acknowledged it', async () => {
    const heard = Promise.withResolvers<void>()
    shop.orders!.answerWith(() => {
      heard.resolve()
      return []
    })
    const changing = operator('PUT', '/api/switches/policy', { value: { kind: 'allow-all' } })
    await heard.promise
    const audit = (await operator('GET', '/api/audit?since=0')).json
    expect(audit.at(-1)).toMatchObject({ action: 'switch', target: 'policy', detail: { value: { kind: 'allow-all' } } })
    shop.orders!.answerWith(({ version }) => [{ version, ok: true, drained: true }])
    await operator('POST', '/api/switches/policy/reset')
    expect((await changing).status).toBe(200)
  })

  it('opens a debug session on one workload only', async () => {
    await operator('PUT', '/api/workloads/payments/debug', { keyLog: true })
    const { json } = await operator('GET', '/api/state')
    expect(json.workloads.filter((w: Json) => w.keyLog).map((w: Json) => w.name)).toEqual(['payments'])
    expect(shop.payments!.seen.at(-1)!.keyLog).toBe(true)
    await operator('PUT', '/api/workloads/payments/debug', { keyLog: false })
  })
})
