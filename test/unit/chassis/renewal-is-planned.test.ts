import { describe, expect, test } from 'vitest'
import { HopError } from '../../../pki/error.ts'
import { GrantNotLoaded } from '../../../services/chassis/grants.ts'
import type { HeldCertificate } from '../../../services/chassis/observation.ts'
import { createRenewals, type RenewalOptions } from '../../../services/chassis/renewal.ts'
import { noTelemetry } from '../../../services/chassis/telemetry.ts'
import { until } from './mesh.ts'

const name = 'spiffe://hop.lab/orders'
const hour = 3_600_000

/** Renewals of one certificate, in a time that passes only when the test says so. */
const planned = (changes: Partial<RenewalOptions> & { lifetimeMs?: number; renew?: () => Promise<void> } = {}) => {
  const ended = new AbortController()
  const { lifetimeMs = hour } = changes
  const at = { wall: 1_000_000, steady: 0 }
  const waits: { ms: number; over: () => void }[] = []
  let serial = 1
  let end = at.wall + lifetimeMs
  let renewed = 0
  const held = (): HeldCertificate[] => [
    {
      kind: 'workload',
      name,
      key: '',
      serial: `${serial}`,
      notAfter: new Date(end).toISOString(),
      notBefore: '',
      issuer: '',
    },
  ]
  const renewals = createRenewals({
    credentials: { held, grantOf: () => ({ epoch: 0, lifetimeMs }) },
    ...{ telemetry: noTelemetry(), signal: ended.signal, renewAt: 0.5, random: () => 0.5 },
    ...{ clock: () => at.wall, steady: () => at.steady },
    sleep: (ms, signal) =>
      new Promise(resolve => {
        waits.push({ ms, over: resolve })
        signal.addEventListener('abort', () => resolve(), { once: true })
      }),
    ...changes,
  })
  const renew = async () => {
    renewed++
    await changes.renew?.()
    serial++
    end = at.wall + lifetimeMs
  }
  renewals.keep('workload', name, renew)
  return {
    renewals,
    waits,
    renew,
    renewed: () => renewed,
    pass(ms: number) {
      at.wall += ms
      at.steady += ms
    },
    setClock(ms: number) {
      at.wall += ms
    },
    end: async () => {
      ended.abort()
      await renewals.over()
    },
  }
}

/** Lets every wait end until nothing new is waited for. */
const next = async ({ waits }: ReturnType<typeof planned>, count: number) => {
  await until(() => waits.length >= count)
  return waits[count - 1]!
}

describe('a certificate is renewed', () => {
  test('at its share of the life it was given', async () => {
    const plan = planned({ lifetimeMs: 20_000 })
    const wait = await next(plan, 1)
    expect(wait.ms).toBe(10_000)
    plan.pass(10_000)
    wait.over()
    expect((await next(plan, 2)).ms).toBe(10_000)
    expect(plan.renewed()).toBe(1)
    expect(plan.renewals.records()).toMatchObject([{ kind: 'workload', name, serial: '2', failures: 0 }])
    await plan.end()
  })

  test('in time though the clock jumps back', async () => {
    const plan = planned({ lifetimeMs: 20_000 })
    const wait = await next(plan, 1)
    plan.pass(4_000)
    plan.setClock(-600_000)
    plan.renewals.wake()
    const again = await next(plan, 2)
    expect(again.ms).toBe(6_000)
    plan.pass(6_000)
    again.over()
    await until(() => plan.renewed() === 1)
    wait.over()
    await plan.end()
  })

  test('at once where the clock jumps ahead of it', async () => {
    const plan = planned()
    await next(plan, 1)
    plan.setClock(hour)
    plan.renewals.wake()
    expect((await next(plan, 2)).ms).toBe(0)
    await plan.end()
  })

  test('however long it lives, no wait is longer than a minute: a machine may have slept', async () => {
    const plan = planned({ lifetimeMs: 24 * hour })
    const wait = await next(plan, 1)
    expect(wait.ms).toBe(60_000)
    wait.over()
    await next(plan, 2)
    expect(plan.renewed()).toBe(0)
    await plan.end()
  })
})

describe('renewal that is switched off', () => {
  test('stops at once, and what is overdue when it is switched on again is renewed then', async () => {
    const plan = planned({ lifetimeMs: 20_000 })
    await next(plan, 1)
    plan.renewals.allow(false)
    const off = await next(plan, 2)
    plan.pass(15_000)
    off.over()
    await next(plan, 3)
    expect(plan.renewed()).toBe(0)
    plan.renewals.allow(true)
    const on = await next(plan, 4)
    expect(on.ms).toBe(0)
    on.over()
    await until(() => plan.renewed() === 1)
    await plan.end()
  })

  test('does not keep an order to renew from being obeyed', async () => {
    const plan = planned()
    plan.renewals.allow(false)
    await plan.renewals.now('workload', name, plan.renew)
    expect(plan.renewed()).toBe(1)
    await plan.end()
  })
})

test('two who ask at once share one renewal', async () => {
  const plan = planned()
  await Promise.all([1, 2].map(() => plan.renewals.now('workload', name, plan.renew)))
  expect(plan.renewed()).toBe(1)
  await plan.end()
})

test('failures are counted in a row, with their cause, and with the serial of what came and was not loaded', async () => {
  const problems = [
    new HopError('control-unreachable', { message: '/v1/renew', cause: { code: 'ECONNREFUSED' } }),
    new GrantNotLoaded('0b', new HopError('key-mismatch', { message: 'another key' })),
  ]
  const renew = async () => {
    const problem = problems.shift()
    if (problem) throw problem
  }
  const plan = planned({ renew })
  const once = () => plan.renewals.now('workload', name, plan.renew).catch(() => {})
  await once()
  expect(plan.renewals.records()).toMatchObject([
    { failure: { name: 'control-unreachable', code: 'ECONNREFUSED' }, failures: 1 },
  ])
  await once()
  expect(plan.renewals.records()).toMatchObject([
    { serial: '0b', failure: { name: 'key-mismatch', code: 'key-mismatch' }, failures: 2 },
  ])
  await once()
  expect(plan.renewals.records()).toMatchObject([{ serial: '2', failures: 0 }])
  expect(plan.renewals.records()[0]).not.toHaveProperty('failure')
  await plan.end()
})

test('fifty that all find the control plane away come back at fifty different moments', async () => {
  const renew = async () => {
    throw new HopError('control-unreachable', { message: 'away' })
  }
  const fleet = Array.from({ length: 50 }, (_, i) => planned({ renew, random: () => i / 50 }))
  const delays = await Promise.all(
    fleet.map(async plan => {
      for (let tries = 0; tries < 8; tries++) await plan.renewals.now('workload', name, plan.renew).catch(() => {})
      await next(plan, 1)
      plan.renewals.wake()
      return (await next(plan, plan.waits.length + 1)).ms
    }),
  )
  expect(new Set(delays.map(Math.round)).size).toBe(50)
  expect([Math.min(...delays), Math.max(...delays)].map(Math.round)).toEqual([2_500, 7_400])
  await Promise.all(fleet.map(plan => plan.end()))
})

test('the nearer the end, the sooner it is tried again; once it has ended there is no hurry any more', async () => {
  const renew = async () => {
    throw new HopError('control-unreachable', { message: 'away' })
  }
  const delayWith = async (leftMs: number) => {
    const plan = planned({ renew })
    for (let tries = 0; tries < 8; tries++) await plan.renewals.now('workload', name, plan.renew).catch(() => {})
    plan.setClock(hour - leftMs)
    await next(plan, 1)
    plan.renewals.wake()
    const { ms } = await next(plan, plan.waits.length + 1)
    await plan.end()
    return ms
  }
  expect([await delayWith(4_000), await delayWith(-hour)]).toEqual([1_000, 5_000])
})
