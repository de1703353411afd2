import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepListsFresh } from '../../../services/control/certificates/crl-upkeep.ts'

let everyMs = 1000
let madeAt = 0
let published: unknown[]
let failing = false
let failures: unknown[]
const listeners: (() => void)[] = []
let stop: () => void

const publish = (how?: { scheduled: boolean }) => {
  if (failing) throw new Error('a disk is full')
  madeAt = Date.now()
  published.push(how)
  for (const listener of listeners) listener()
}

beforeEach(() => {
  vi.useFakeTimers()
  everyMs = 1000
  published = []
  failing = false
  failures = []
  listeners.length = 0
  madeAt = Date.now()
  const trust = { publish, onPublish: (listener: () => void) => void listeners.push(listener) }
  const lists = { everyMs: () => everyMs, dueInMs: () => madeAt + everyMs - Date.now() }
  stop = keepListsFresh(lists, trust, { error: (what: unknown) => void failures.push(what) })
})
afterEach(() => {
  stop()
  vi.useRealTimers()
})

test('they are made anew on schedule, time after time', () => {
  vi.advanceTimersByTime(3500)
  expect(published).toEqual(Array(3).fill({ scheduled: true }))
})

test('whatever is published sets the time anew, by the lifetime there is now', () => {
  vi.advanceTimersByTime(900)
  everyMs = 100
  publish()
  vi.advanceTimersByTime(250)
  expect(published).toEqual([undefined, { scheduled: true }, { scheduled: true }])
})

test('a failure is told, and it is tried again after the same time', () => {
  failing = true
  vi.advanceTimersByTime(1000)
  failing = false
  vi.advanceTimersByTime(1000)
  expect([failures.length, published]).toEqual([1, [{ scheduled: true }]])
})

test('a machine that slept is noticed though its timers stood still', () => {
  everyMs = 3_600_000
  publish()
  published = []
  vi.setSystemTime(Date.now() + 2 * 3_600_000)
  vi.advanceTimersByTime(10_000)
  expect(published).toEqual([{ scheduled: true }])
})

test('nothing is made any more once it was stopped', () => {
  stop()
  vi.advanceTimersByTime(5000)
  expect(published).toEqual([])
})
