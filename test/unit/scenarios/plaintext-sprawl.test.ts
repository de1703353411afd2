import { describe, expect, test } from 'vitest'
import { judgePipeline } from '../../../scenarios/boundary/sprawl-pipeline.ts'
import { judgeNewcomer } from '../../../scenarios/boundary/sprawl-service.ts'
import { type GateFinding, judgeGate } from '../../../scenarios/gate.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { plaintextSeen } from '../../../services/control/measures/plaintext-seen.ts'
import type { Mode } from '../../../services/modes.ts'
import { answered, cut, hop, refusedAs, served, shop } from './outcomes.ts'

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

const connection = (id: string, more: Partial<ConnectionRecord>): ConnectionRecord => ({
  ...{ cursor: 1, id, side: 'server', at: at(1), transport: 'plaintext', remoteAddress: '127.0.0.1', ...more },
})

const request = (more: Partial<RequestRecord>): RequestRecord => ({
  ...{ cursor: 1, at: at(2), requestId: 'r', traceId: 't', spanId: 'callee', method: 'POST', path: '/charges' },
  ...{ status: 201, durationMs: 1, connection: 'c', callerBy: 'header', rule: 'orders:payments', ...more },
})

const report = (workload: string, more: Partial<Observations>): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], held: [], cursor: 1, ...more },
})

const seen = (mode: Mode, ...reports: Observations[]) =>
  plaintextSeen({ topology: shop, mode, reports: Object.fromEntries(reports.map(each => [each.workload, each])) })

const made = { spanId: 'call', link: 'orders:payments', method: 'POST', path: '/charges', began: 0 }
const orders = report('orders', {
  connections: [connection('o', { side: 'client', link: 'orders:payments' })],
  requests: [request({ spanId: 'caller', calls: [made], rule: 'gateway:orders', path: '/orders' })],
})
const called = request({ parentSpanId: 'call' })
const payments = report('payments', { connections: [connection('c', {})], requests: [called] })

describe('plaintext as it was seen', () => {
  test('a connection both ends account for is one connection of its link', () => {
    expect(seen('edge-terminate-plaintext', orders, payments)).toEqual([
      {
        ...{ link: 'orders:payments', caller: 'orders', callee: 'payments' },
        ...{ zones: { caller: 'internal', callee: 'sensitive' }, crossesZone: true },
        ...{ declared: true, intended: 'plaintext', connections: 1, refused: 0, requests: 1 },
        ...{ data: ['card', 'amount'], lastSeen: at(2) },
      },
    ])
  })

  test('the same in a mode that means it to be encrypted is not declared', () => {
    expect(seen('mtls', orders, payments)).toMatchObject([{ declared: false, intended: 'mtls' }])
  })

  test('a caller whose request no workload made is known by his address, whatever name he states', () => {
    const stranger = report('payments', {
      connections: [connection('c', {}), connection('d', { remoteAddress: '127.9.9.9' })],
      requests: [called, request({ connection: 'd', parentSpanId: 'made-up' })],
    })
    expect(seen('edge-terminate-plaintext', orders, stranger)).toMatchObject([
      { link: 'orders:payments', connections: 1 },
      {
        ...{ link: '127.9.9.9:payments', caller: '127.9.9.9', declared: false, crossesZone: true, connections: 1 },
        ...{ zones: { caller: null, callee: 'sensitive' }, data: ['card', 'amount'], refused: 0 },
      },
    ])
  })

  test('what a caller’s full ring no longer holds is granted to it', () => {
    const busy = { ...orders, requests: Array.from({ length: 2000 }, () => request({ at: at(9), spanId: 'later' })) }
    expect(seen('edge-terminate-plaintext', busy, payments)).toMatchObject([{ link: 'orders:payments' }])
  })

  test('one that was turned away at its first byte is seen too', () => {
    const failure = { name: 'plaintext-to-tls', code: 'plaintext-to-tls' }
    const { transport: _, ...refused } = connection('x', { remoteAddress: '127.9.9.9', failure })
    expect(seen('mtls', report('payments', { connections: [refused] }))).toMatchObject([
      { link: '127.9.9.9:payments', refused: 1, connections: 1, data: null },
    ])
  })

  test('a callee that is no workload is nowhere; a sidecar’s own application is not outside', () => {
    const connections = [
      connection('a', { side: 'client', link: 'payments:collector' }),
      connection('b', { side: 'client', link: 'payments:app' }),
    ]
    expect(seen('mtls', report('payments', { connections }))).toMatchObject([
      { link: 'payments:collector', zones: { caller: 'sensitive', callee: null }, crossesZone: true, declared: false },
    ])
  })

  test('encrypted connections are none of it', () => {
    const connections = [connection('a', { transport: 'mtls' }), connection('b', { transport: 'spliced' })]
    expect(seen('mtls', report('payments', { connections }))).toEqual([])
  })
})

describe('the gate', () => {
  const [border] = seen('edge-terminate-plaintext', orders, payments)
  const undeclared = { ...border!, declared: false, intended: null }
  const decisions = (...given: Parameters<typeof judgeGate>) => judgeGate(...given).findings.map(each => each.decision)

  test('refuses undeclared plaintext over a border, and what is declared only when it is strict', () => {
    expect(judgeGate([undeclared], {})).toMatchObject({ passed: false, findings: [{ decision: 'refused' }] })
    expect(judgeGate([border!], {})).toMatchObject({ passed: true, findings: [{ decision: 'finding' }] })
    expect(judgeGate([border!], { strict: true })).toMatchObject({ passed: false })
    expect(judgeGate([], {})).toEqual({ passed: true, findings: [] })
  })

  test('notes what stays inside a zone', () => {
    const inside = { ...border!, crossesZone: false }
    expect(decisions([inside], { strict: true })).toEqual(['noted'])
    expect(decisions([{ ...inside, declared: false }], {})).toEqual(['finding'])
  })

  test('lets be what is allowed by name, and only that', () => {
    expect(judgeGate([undeclared], { allow: ['orders:payments'] }).passed).toBe(true)
    expect(judgeGate([undeclared], { allow: ['orders:payment'] }).passed).toBe(false)
  })

  test('tells what every callee turned away, and refuses it when it is strict or one was served', () => {
    const away = { ...undeclared, connections: 2, refused: 2 }
    expect(decisions([away], {})).toEqual(['finding'])
    expect(decisions([away], { strict: true })).toEqual(['refused'])
    expect(decisions([{ ...away, refused: 1 }], {})).toEqual(['refused'])
  })

  test('puts the worst first', () => {
    const inside = { ...border!, link: 'a:b', crossesZone: false }
    expect(decisions([inside, border!, undeclared], {})).toEqual(['refused', 'finding', 'noted'])
  })
})

const finding: GateFinding = {
  ...{ link: '127.9.9.9:payments', caller: '127.9.9.9', callee: 'payments', crossesZone: true, declared: false },
  ...{ zones: { caller: null, callee: 'sensitive' }, intended: null, connections: 1, refused: 0 },
  ...{ requests: 1, data: null, lastSeen: at(1), decision: 'refused', because: 'undeclared plaintext' },
}

describe('a newcomer', () => {
  const turnedAway = refusedAs('plaintext-to-tls')
  const base = { asked: answered, call: served(), finding, genuine: served() }

  test('is broken when it was served, holds when it was turned away for what it is', () => {
    expect(judgeNewcomer(hop, base)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    const held = judgeNewcomer(hop, { ...base, call: turnedAway, finding: { ...finding, refused: 1 } })
    expect(held).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test.each([
    ['the gate missed it', { finding: undefined }],
    ['the gate took it for something declared', { finding: { ...finding, declared: true } }],
    ['it was turned away for something else', { call: refusedAs('handshake-timeout') }],
    ['it never came to call', { call: undefined }],
    ['the genuine caller is not served', { genuine: cut }],
  ])('shows nothing where %s', (_, other) => {
    expect(judgeNewcomer(hop, { ...base, ...other }).control.passed).toBe(false)
  })
})

describe('a log pipeline', () => {
  const path = '/orders/abcdef'
  const wire = Buffer.from(`POST / HTTP/1.1\r\n\r\n{"path":"${path}"}`)
  const base = { service: 'orders', path, attempt: answered, wire, finding, received: wire.toString() }

  test('is broken when its records can be read on the way, would hold if they could not', () => {
    expect(judgePipeline(base)).toMatchObject({ verdict: 'broken', control: { passed: true } })
    const hidden = judgePipeline({ ...base, wire: Buffer.from('\x17\x03\x03') })
    expect(hidden).toMatchObject({ verdict: 'holds', control: { passed: true } })
  })

  test.each([
    ['nothing arrived', { received: '' }],
    ['the gate missed it', { finding: undefined }],
    ['the gate let it be', { finding: { ...finding, decision: 'finding' as const } }],
    ['there was no request', { attempt: cut.attempt }],
  ])('shows nothing where %s', (_, other) => {
    expect(judgePipeline({ ...base, ...other }).control.passed).toBe(false)
  })
})
