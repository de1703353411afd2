import { expect, test } from 'vitest'
import { createLogBatch } from '../../../services/chassis/log-batch.ts'
import { createLog, createTelemetry } from '../../../services/chassis/telemetry.ts'

const setUp = (limits?: { characters: number; everyMs: number }) => {
  const written: string[] = []
  const { promise: first, resolve } = Promise.withResolvers<void>()
  const batch = createLogBatch(
    {
      write(lines) {
        written.push(lines)
        resolve()
      },
    },
    limits,
  )
  return { written, batch, first }
}

test('gathered lines are handed on together when they are many', () => {
  const { written, batch } = setUp({ characters: 6, everyMs: 60_000 })
  for (const line of ['a\n', 'b\n', 'c\n', 'd\n']) batch.gather(line)
  expect(written).toEqual(['a\nb\nc\n'])
  batch.flush()
  batch.flush()
  expect(written).toEqual(['a\nb\nc\n', 'd\n'])
})

test('or after a while', async () => {
  const { written, batch, first } = setUp({ characters: 100, everyMs: 1 })
  const alive = setInterval(() => {}, 1000)
  batch.gather('a\n')
  expect(written).toEqual([])
  await first
  clearInterval(alive)
  expect(written).toEqual(['a\n'])
})

test('any other line is written at once, behind those that came before it', () => {
  const { written, batch } = setUp()
  const log = createLog('orders', batch)
  const telemetry = createTelemetry('orders', log)
  const request = { at: '', requestId: 'r', traceId: 't', spanId: 's', method: 'GET', path: '/', status: 200 }
  telemetry.request({ ...request, durationMs: 1, connection: 'c', callerBy: 'nobody' })
  expect(written).toEqual([])
  log.warn('something')
  expect(written.map(line => JSON.parse(line).msg)).toEqual(['request', 'something'])
})
