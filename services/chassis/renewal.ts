import { setTimeout as wait } from 'node:timers/promises'
import type { Credentials } from './credentials.ts'
import type { HeldCertificate, RenewalRecord } from './observation.ts'
import { dueIn, type RenewalPlan, renewalFailure } from './renewal-plan.ts'
import type { Telemetry } from './telemetry.ts'

/** First and longest wait between tries, ms. */
export const backoff = { firstMs: 100, mostMs: 5_000 }

/** A clock may be set, and a machine be asleep: what is due is looked up again at least so often, ms. */
const longestWaitMs = 60_000

/** Resolves after `ms`, or as soon as the signal says so; never keeps a process alive. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal, ref: false }).catch(() => {})

export type RenewalOptions = {
  credentials: Pick<Credentials, 'held' | 'grantOf'>
  telemetry: Pick<Telemetry, 'log'>
  signal: AbortSignal
  /** The workload's own, ms. */
  clock: () => number
  renewAt: number
  random: () => number
  /** What is waited with; tests count. */
  sleep?: typeof pause
  /** Passes at an even pace, whatever the clock is set to, ms. */
  steady?: () => number
}

type Kind = HeldCertificate['kind']

export type Renewals = {
  /** Renews one certificate in time from now on, for as long as it is held. Said twice, it is done once. */
  keep(kind: Kind, name: string, renew: () => Promise<unknown>): void
  /** Renews, or gets, one at once; who comes while that is under way shares it. Rejects with what went wrong. */
  now(kind: Kind, name: string, renew: () => Promise<unknown>): Promise<void>
  /** False: nothing is renewed by itself any more. True: it is again, and what is overdue now. */
  allow(on: boolean): void
  /** Its record goes too; it ends by itself where nothing is held. */
  forget(kind: Kind, name: string): void
  /** Reckons anew: after the clock was set. */
  wake(): void
  records(): RenewalRecord[]
  /** Resolves when nothing is being renewed any more: after the signal. */
  over(): Promise<unknown>
}

type Entry = {
  kind: Kind
  name: string
  renew: () => Promise<unknown>
  plan?: RenewalPlan | undefined
  record?: RenewalRecord
  underWay?: Promise<void> | undefined
  loop?: Promise<void> | undefined
}

/** Certificates, each renewed in its own time: one that cannot be had delays no other. */
export const createRenewals = (options: RenewalOptions): Renewals => {
  const { credentials, telemetry, signal, clock, renewAt, random } = options
  const { sleep = pause, steady = () => performance.now() } = options
  const entries = new Map<string, Entry>()
  let allowed = true
  let woken = new AbortController()

  const entryOf = (kind: Kind, name: string, renew: Entry['renew']): Entry => {
    const what = `${kind} ${name}`
    const entry = entries.get(what) ?? { kind, name, renew }
    entries.set(what, entry)
    return entry
  }

  const heldOf = ({ kind, name }: Entry) => credentials.held().find(one => one.kind === kind && one.name === name)

  /** A certificate is planned for once, when it is first seen: however often this is asked, its chance is drawn once. */
  const waitFor = (entry: Entry, held: HeldCertificate): number => {
    if (!allowed) return Number.POSITIVE_INFINITY
    const left = Date.parse(held.notAfter) - clock()
    const failures = entry.record?.failures ?? 0
    if (failures > 0) {
      const delay = Math.min(backoff.firstMs * 2 ** Math.min(failures, 16), backoff.mostMs)
      // towards the end more often, and after it there is no hurry any more
      return (left > 0 ? Math.min(delay, Math.max(left / 4, backoff.firstMs)) : delay) * (0.5 + random())
    }
    if (entry.plan?.serial !== held.serial) {
      const { lifetimeMs = left } = credentials.grantOf(entry.kind, entry.name) ?? {}
      const share = renewAt * (0.9 + 0.2 * random())
      entry.plan = { serial: held.serial, since: steady(), lifetimeMs: Math.min(left, lifetimeMs), share }
    }
    return dueIn(entry.plan, left, steady())
  }

  const inTime = async (entry: Entry) => {
    for (let held = heldOf(entry); held && !signal.aborted; held = heldOf(entry)) {
      const waking = AbortSignal.any([signal, woken.signal])
      const ms = waitFor(entry, held)
      await sleep(Math.min(ms, longestWaitMs), waking)
      if (waking.aborted || ms > longestWaitMs || !heldOf(entry)) continue
      await attempt(entry).catch(() => {})
    }
  }

  const attempt = (entry: Entry): Promise<void> => {
    entry.underWay ??= once(entry).finally(() => {
      entry.underWay = undefined
    })
    return entry.underWay
  }

  const once = async (entry: Entry) => {
    const { kind, name } = entry
    const at = () => new Date(clock()).toISOString()
    try {
      await entry.renew()
      const serial = heldOf(entry)?.serial
      entry.record = { kind, name, at: at(), ...(serial === undefined ? {} : { serial }), failures: 0 }
      entry.plan = undefined
    } catch (error) {
      const failures = (entry.record?.failures ?? 0) + 1
      entry.record = { kind, name, at: at(), ...renewalFailure(error), failures }
      telemetry.log.warn({ reason: String(error), certificate: name }, 'renewal failed; the old certificate stays')
      throw error
    }
  }

  const wake = () => {
    const before = woken
    woken = new AbortController()
    before.abort()
  }

  return {
    keep(kind, name, renew) {
      const entry = entryOf(kind, name, renew)
      entry.loop ??= inTime(entry).finally(() => {
        entry.loop = undefined
        if (!heldOf(entry)) entries.delete(`${kind} ${name}`)
      })
    },
    async now(kind, name, renew) {
      await attempt(entryOf(kind, name, renew))
      wake()
    },
    allow(on) {
      if (on === allowed) return
      allowed = on
      wake()
    },
    forget: (kind, name) => void entries.delete(`${kind} ${name}`),
    wake,
    records: () => [...entries.values()].flatMap(({ record }) => record ?? []),
    over: () => Promise.all([...entries.values()].map(({ loop, underWay }) => Promise.allSettled([loop, underWay]))),
  }
}
