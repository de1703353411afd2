import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Desired } from '../../../services/chassis/desired.ts'
import { createRelaxation } from '../../../services/chassis/relaxation.ts'
import { desiredOf } from './workloads.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }))
afterEach(() => void vi.useRealTimers())

const strict = { ...desiredOf({ accepts: ['mtls'] }), version: undefined }

const relaxedUntil = (until: string, version = 7): Desired => {
  const { version: _, ...afterwards } = desiredOf({ accepts: ['mtls'] })
  return desiredOf({ version, accepts: ['mtls', 'plaintext'], relaxed: { until, afterwards } })
}

const stage = (clock = Date.now) => {
  const over: Desired[] = []
  return { over, relaxation: createRelaxation(clock, afterwards => void over.push(afterwards)) }
}

test('a state that is not relaxed is taken as it is', () => {
  const { relaxation, over } = stage()
  const desired = desiredOf({ version: 3 })
  expect(relaxation.take(desired)).toBe(desired)
  vi.runAllTimers()
  expect(over).toEqual([])
})

test('a relaxed one is taken until its time, then what comes afterwards, under the same version', () => {
  const { relaxation, over } = stage()
  const desired = relaxedUntil('2030-01-01T00:00:30Z')
  expect(relaxation.take(desired)).toBe(desired)
  vi.advanceTimersByTime(29_999)
  expect(over).toEqual([])
  vi.advanceTimersByTime(1)
  expect(over).toEqual([{ ...strict, version: 7 }])
})

test.each(['2030-01-01T00:00:00Z', '2029-12-31T23:59:59Z', 'whenever'])('one until %s is never applied', until => {
  const { relaxation, over } = stage()
  expect(relaxation.take(relaxedUntil(until))).toEqual({ ...strict, version: 7 })
  vi.runAllTimers()
  expect(over).toEqual([])
})

test('told again after a reconnect, it ends when it was to end', () => {
  const { relaxation, over } = stage()
  relaxation.take(relaxedUntil('2030-01-01T00:00:30Z'))
  vi.advanceTimersByTime(20_000)
  relaxation.take(relaxedUntil('2030-01-01T00:00:30Z'))
  vi.advanceTimersByTime(10_000)
  expect(over).toHaveLength(1)
})

test('a newer state replaces it: nothing comes afterwards', () => {
  const { relaxation, over } = stage()
  relaxation.take(relaxedUntil('2030-01-01T00:00:30Z'))
  relaxation.take(desiredOf({ version: 8 }))
  vi.runAllTimers()
  expect(over).toEqual([])
})

test('a clock that is hours behind makes it last no longer than any may', () => {
  const { relaxation, over } = stage(() => Date.now() - 7_200_000)
  relaxation.take(relaxedUntil('2030-01-01T00:00:30Z'))
  vi.advanceTimersByTime(3_601_000)
  expect(over).toHaveLength(1)
})

test('a workload that is closed goes nowhere', () => {
  const { relaxation, over } = stage()
  relaxation.take(relaxedUntil('2030-01-01T00:00:30Z'))
  relaxation.close()
  vi.runAllTimers()
  expect(over).toEqual([])
})
