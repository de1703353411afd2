import { expect, test } from 'vitest'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { breachOf, countErrors, noErrors } from '../../../services/control/rollout/error-rate.ts'

const guard = { errorRate: 0.1, atLeast: 4, observeMs: 0 }
const request = (more: Partial<RequestRecord> = {}): RequestRecord => ({
  ...{ cursor: 1, at: '', requestId: 'r', traceId: 't', spanId: 's', method: 'POST', path: '/', status: 201 },
  ...{ durationMs: 1, connection: 'c', callerBy: 'nobody', ...more },
})
const dialled = (more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  ...{ cursor: 1, id: 'c', side: 'client', at: '', link: 'orders:payments', transport: 'mtls', ...more },
})
const refusedDial = (name = 'wrong-identity') => {
  const { transport: _, ...rest } = dialled({ failure: { name, code: name } })
  return rest
}
const report = (
  requests: RequestRecord[],
  connections: ConnectionRecord[] = [],
  workload = 'orders',
): Observations => ({
  ...{ workload, requests, connections, keyLog: [], held: [], cursor: 1 },
})
const breach = (...reports: Observations[]) => {
  const tally = noErrors()
  countErrors(tally, reports)
  return breachOf(tally, guard)
}
const good = [request(), request(), request()]

test('above the rate it is a breach, with the share, the failure and the link', () => {
  const lost = request({ status: 502, failure: { name: 'wrong-identity', code: 'w' } })
  expect(breach(report([...good, lost], [refusedDial()]))).toMatchObject({
    ...{ of: 'requests', seen: 4, failed: 1, rate: 0.25, failure: 'wrong-identity', link: 'orders:payments' },
  })
  expect(breach(report([...good, request({ status: 500 })]))).toMatchObject({ failed: 1 })
})

test('below it, at it, and with too few to tell it is none', () => {
  expect(breach(report([...good, request()]))).toBeUndefined()
  expect(breach(report([...Array(9).fill(request()), request({ status: 503 })]))).toBeUndefined()
  expect(breach(report([request({ status: 503 })]))).toBeUndefined()
})

test('a request counts once, where it came in', () => {
  const through = request({ parentSpanId: 'edge', status: 502 })
  expect(breach(report([through, through, through, through]))).toBeUndefined()
  expect(
    breach(report([...Array(12).fill(request()), request({ status: 502 })]), report(Array(9).fill(through))),
  ).toBeUndefined()
})

test('neither a client that went away nor a refusal of what was asked is a failure', () => {
  const gone = request({ status: 502, failure: { name: 'client-gone', code: 'client-gone' } })
  expect(breach(report([...good, gone, request({ status: 404 }), request({ status: 403 })]))).toBeUndefined()
})

test('handshakes count where workloads began them, and were refused rather than ended', () => {
  const dials = [dialled(), dialled(), dialled(), refusedDial()]
  expect(breach(report([], dials))).toMatchObject({ of: 'handshakes', seen: 4, failed: 1, link: 'orders:payments' })
  expect(breach(report([], [dialled(), dialled(), dialled(), refusedDial('connection-closed')]))).toBeUndefined()
  expect(
    breach(
      report(
        [],
        dials.map(each => ({ ...each, side: 'server' as const })),
      ),
    ),
  ).toBeUndefined()
  expect(breach(report([], [...Array(9).fill(dialled({ transport: 'plaintext' })), refusedDial()]))).toBeUndefined()
})
