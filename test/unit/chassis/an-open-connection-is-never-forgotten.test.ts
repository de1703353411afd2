import { expect, test } from 'vitest'
import { createConnectionMemory } from '../../../services/chassis/connection-memory.ts'
import type { ConnectionRecord } from '../../../services/chassis/observation.ts'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'

const at = new Date(0).toISOString()
const connection = (id: string, cursor: number, more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  ...{ id, cursor, side: 'server', at, transport: 'mtls', ...more },
})

test('one that is open is known however many came after it, and forgotten some time after its end', () => {
  const memory = createConnectionMemory()
  const kept = connection('kept', 1)
  memory.add(kept)
  const fill = (from: number) => {
    for (let i = 0; i < 2_500; i++) {
      const each = connection(`${from + i}`, from + i)
      memory.add(each)
      memory.ended(each)
    }
  }
  fill(10)
  expect(memory.find('kept')).toBe(kept)
  expect(memory.all()).toContain(kept)
  expect(memory.all()).toHaveLength(2_001)
  memory.ended(kept)
  fill(10_000)
  expect(memory.find('kept')).toBeUndefined()
})

test('the failure that ended a connection is not taken for its record', () => {
  const memory = createConnectionMemory()
  const good = connection('c', 1)
  memory.add(good)
  memory.add(connection('c', 2, { failure: { name: 'bad-request', code: 'HPE' } }))
  expect(memory.find('c')).toBe(good)
})

test('of one request all is told that belongs to it, and what failed around it; of another nothing', () => {
  const telemetry = createTelemetry('orders')
  const now = new Date().toISOString()
  const request = (requestId: string, connection: string) => ({
    ...{ at: now, requestId, traceId: `${requestId}-trace`, spanId: requestId, method: 'GET', path: '/', status: 200 },
    ...{ durationMs: 1, connection, callerBy: 'nobody' as const },
  })
  const call = { spanId: 'x', link: 'orders:payments', method: 'GET', path: '/', began: 0, connection: 'out' }
  for (const id of ['in', 'out', 'other']) telemetry.connection(connection(id, 0, { at: now }))
  telemetry.connection(connection('refused', 0, { at: now, failure: { name: 'certificate-expired', code: 'X' } }))
  telemetry.connection(connection('long-ago', 0, { failure: { name: 'certificate-expired', code: 'X' } }))
  telemetry.request(request('one', 'in'), { calls: [call] })
  telemetry.request(request('two', 'other'))
  for (const id of ['one', 'one-trace']) {
    const told = telemetry.about({ id }, [])
    expect(told.requests.map(({ requestId }) => requestId)).toEqual(['one'])
    expect(told.connections.map(({ id: each }) => each)).toEqual(['in', 'out', 'refused'])
  }
  const elsewhere = telemetry.about({ id: 'somebody’s', from: Date.parse(now), to: Date.parse(now) }, [])
  expect(elsewhere).toMatchObject({ requests: [], connections: [{ id: 'refused' }] })
  expect(telemetry.about({ id: 'nobody’s' }, [])).toMatchObject({ requests: [], connections: [] })
})
