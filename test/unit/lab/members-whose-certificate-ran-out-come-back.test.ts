import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { reviveLapsed } from '../../../lab/revival.ts'
import type { CertificateRow } from '../../../services/control/certificates/trust-state.ts'
import type { Switches } from '../../../services/control/rollout/switches.ts'

const hour = 3_600_000
const names = ['orders', 'payments'] as const
let held: Record<string, { serial: string; notAfter: string }>
let switches: Pick<Switches, 'renewal' | 'trustWithheld'>
let rows: Pick<CertificateRow, 'serial' | 'revokedAt'>[]
let failing: boolean
let asked: string[]
let told: object[]
let stop: () => Promise<void>

beforeEach(() => {
  vi.useFakeTimers()
  const notAfter = new Date(Date.now() + hour).toISOString()
  held = { orders: { serial: 'aa', notAfter }, payments: { serial: 'bb', notAfter } }
  switches = { renewal: {}, trustWithheld: [] }
  rows = names.map(name => ({ serial: held[name]!.serial, revokedAt: null }))
  failing = false
  asked = []
  told = []
  const reenrol = async (name: string, by: { who: string; reason: string }) => {
    asked.push(name)
    told.push(by)
    if (failing) throw new Error('nobody there')
    held[name] = { serial: 'cc', notAfter: new Date(Date.now() + hour).toISOString() }
    return { acknowledged: true, ms: 1 }
  }
  stop = reviveLapsed({
    members: new Map(names.map(name => [name, { certificate: () => held[name] }])),
    operations: {
      ...{ switches: () => switches as Switches, certificates: () => rows as CertificateRow[] },
      reenrol: reenrol as never,
    },
    ...{ clock: Date.now, log: { warn: () => {} } },
  })
})
afterEach(async () => {
  await stop()
  vi.useRealTimers()
})

const sleep = () => vi.setSystemTime(Date.now() + 2 * hour)
const wake = () => vi.advanceTimersByTimeAsync(10_000)

test('each is let in again, once, by the lab and with the reason', async () => {
  await wake()
  expect(asked).toEqual([])
  sleep()
  await wake()
  await wake()
  expect(asked).toEqual(['orders', 'payments'])
  expect(told[0]).toEqual({ who: 'lab', reason: expect.stringMatching(/^its certificate ran out at /) })
})

test('one that is renewed just then needs nobody', async () => {
  sleep()
  await vi.advanceTimersByTimeAsync(5_000)
  held.orders = { serial: 'dd', notAfter: new Date(Date.now() + hour).toISOString() }
  await wake()
  expect(asked).toEqual(['payments'])
})

test('but not one that was revoked', async () => {
  rows[0]!.revokedAt = Date.now()
  sleep()
  await wake()
  expect(asked).toEqual(['payments'])
})

test('nor one whose renewal is off, until it is on again', async () => {
  switches.renewal = { payments: { on: false } }
  sleep()
  await wake()
  expect(asked).toEqual(['orders'])
  switches.renewal = {}
  await wake()
  expect(asked).toEqual(['orders', 'payments'])
})

test('nor one from whom trust is withheld', async () => {
  switches.trustWithheld = ['orders']
  sleep()
  await wake()
  expect(asked).toEqual(['payments'])
})

test('who could not be is tried again, and not without a pause', async () => {
  failing = true
  sleep()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(['orders', 'payments'])
  failing = false
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asked).toEqual(['orders', 'payments', 'orders', 'payments'])
})
