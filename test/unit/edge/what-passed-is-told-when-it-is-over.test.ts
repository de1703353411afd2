import { expect, test } from 'vitest'
import { createTelemetry } from '../../../services/chassis/telemetry.ts'

test('the record of a connection that is over is new again, once, with what its end told', () => {
  const telemetry = createTelemetry('edge')
  const over = telemetry.connection({ id: 'a', side: 'server', at: '', transport: 'spliced' })
  telemetry.connection({ id: 'b', side: 'server', at: '' })
  const { cursor, connections } = telemetry.observations(0, [])
  expect(connections.map(({ id }) => id)).toEqual(['a', 'b'])
  over({ bytesIn: 1, bytesOut: 2, durationMs: 3 })
  expect(telemetry.observations(cursor, []).connections).toEqual([
    { ...connections[0], bytesIn: 1, bytesOut: 2, durationMs: 3, cursor: cursor + 1 },
  ])
  expect(telemetry.observations(0, []).connections).toHaveLength(2)
})
