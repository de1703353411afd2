import { expect, test } from 'vitest'
import { gather } from '../../../scenarios/request/remembered.ts'
import { spliceOf } from '../../../scenarios/request/splice.ts'
import type { ConnectionRecord, Observations, RequestRecord } from '../../../services/chassis/observation.ts'
import { shop } from './outcomes.ts'

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString()
const spliced = (id: string, remotePort: number, ms = 0): ConnectionRecord => ({
  ...{ cursor: 1, id, side: 'server', at: at(ms), transport: 'spliced', link: 'edge:orders', serverName: id },
  ...{ remoteAddress: '192.0.2.1', remotePort },
})
const own = (more: Partial<ConnectionRecord>): ConnectionRecord => ({
  ...{ cursor: 1, id: 'in', side: 'server', at: at(5), transport: 'tls', remoteAddress: '192.0.2.1', ...more },
})
const request: RequestRecord = {
  ...{ cursor: 1, at: at(6), requestId: 'r', traceId: 't', spanId: 's', method: 'GET', path: '/', status: 200 },
  ...{ durationMs: 1, connection: 'in', callerBy: 'nobody' },
}
const report = (workload: string, more: Partial<Observations>): Observations => ({
  ...{ workload, connections: [], requests: [], keyLog: [], held: [], cursor: 1, ...more },
})
const found = (opened: ConnectionRecord, passed: ConnectionRecord[]) => {
  const reports = {
    edge: report('edge', { connections: passed }),
    orders: report('orders', { connections: [opened], requests: [request] }),
  }
  const remembered = gather(shop, { id: 'r', reports, away: [] }, { asked: 0, answered: 0, authorities: [] })
  return spliceOf(remembered, remembered.requests[0]!)
}

test('of two from one address it is the one with the port that the proxy handed on, however close the other is', () => {
  const passed = [spliced('other', 4001, 5), spliced('right', 4002, -400)]
  expect(found(own({ remotePort: 4002, proxiedBy: '127.0.0.9' }), passed)).toMatchObject({
    serverName: 'right',
    knownBy: 'address',
  })
})

test('with an address and port that fit none, none is it', () => {
  expect(found(own({ remotePort: 4009, proxiedBy: '127.0.0.9' }), [spliced('other', 4001)])).toBeUndefined()
})

test('where the proxy hands nothing on, the nearest in time is it, and known by no more than that', () => {
  const passed = [spliced('far', 4001, -900), spliced('near', 4002, 1)]
  expect(found(own({ remoteAddress: '127.0.0.9' }), passed)).toMatchObject({ serverName: 'near', knownBy: 'time' })
  expect(found(own({ remoteAddress: '127.0.0.9' }), [spliced('far', 4001, -5_000)])).toBeUndefined()
})

test('one that was turned away, or led elsewhere, is not it', () => {
  const elsewhere = { ...spliced('a', 4002), link: 'edge:payments' }
  const refused = { ...spliced('b', 4002), failure: { name: 'callee-unreachable', code: 'x' } }
  expect(found(own({ remotePort: 4002, proxiedBy: '127.0.0.9' }), [elsewhere, refused])).toBeUndefined()
})
