import { HopError } from '../../pki/error.ts'
import type { ControlClient } from './control-client.ts'
import type { CredentialStore } from './credentials.ts'
import type { Deliver } from './delivery.ts'
import type { Desired } from './desired.ts'
import { backoff, pause, type Renewals } from './renewal.ts'
import type { Telemetry } from './telemetry.ts'
import type { Workload } from './workload.ts'

type Parts = {
  workload: Workload
  control: ControlClient
  credentials: CredentialStore
  telemetry: Telemetry
  renewals: Renewals
  deliver: Deliver
  signal: AbortSignal
  random: () => number
  /** Sets the workload's clock; true where that is a change. */
  shiftClock: (offsetMs: number) => boolean
  /** What to go by of what is desired: see `relaxation.ts`. */
  take: (desired: Desired) => Desired
  /** Renews the workload's own certificate; resolves when the new one is in use. */
  renewOwn: () => Promise<void>
  /** Resolves when no connection of an earlier certificate is left. */
  seenOff: () => Promise<unknown>
}

export type DesiredFollower = {
  apply(desired: Desired): void
  /** Last version that is in force here. */
  applied(): number
  /** What the next stream says counts, even where it says the version again that is being applied. */
  startOver(): void
}

/**
 * Brings about what is desired, the newest first and only: its certificates, then the rest, then the acknowledgement. What
 * fails is acknowledged as failed and tried again until it is done or something newer is desired.
 */
export const createDesiredFollower = (parts: Parts): DesiredFollower => {
  const { workload, control, credentials, telemetry, renewals, deliver, signal, random } = parts
  let applied = 0
  let newest = 0
  let orders = 0
  let wanted: Desired | undefined
  let clockSet: Promise<unknown> = Promise.resolve()

  const obtain = (name: string) => () => control.obtainPublic(name, wanted?.tls?.keyType)

  const certificates = async ({ certificates: { epoch } = { epoch: 0, renewal: true }, publicNames, tls }: Desired) => {
    const keyType = tls?.keyType === 'rsa-2048' ? 'rsa' : 'ec'
    const isOld = (kind: 'workload' | 'public', name: string) => (credentials.grantOf(kind, name)?.epoch ?? 0) < epoch
    for (const name of publicNames) {
      const fits = credentials.publicServer(name) && credentials.publicKeyType(name) === keyType
      if (!fits || isOld('public', name)) await renewals.now('public', name, obtain(name))
      renewals.keep('public', name, obtain(name))
    }
    const id = credentials.id()
    if (id === undefined || !isOld('workload', id)) return
    await renewals.now('workload', id, parts.renewOwn)
  }

  const follow = async (desired: Desired, order: number) => {
    const { version } = desired
    const isDue = () => version >= newest
    let told = ''
    for (
      let delay = backoff.firstMs;
      order === orders && !signal.aborted;
      delay = Math.min(delay * 2, backoff.mostMs)
    ) {
      try {
        await certificates(desired)
        // a certificate takes a while to come; what was said in the meantime must not be undone
        if (order !== orders) return dropUnwanted(desired.publicNames)
        await workload.apply(parts.take(desired))
        applied = Math.max(applied, version)
        await Promise.all([clockSet, parts.seenOff()])
        return await deliver(() => control.acknowledge({ version, ok: true, drained: true }), isDue, { version })
      } catch (cause) {
        const error = cause instanceof Error ? cause.message : String(cause)
        telemetry.log.error({ version, reason: error }, 'desired state not applied')
        const failed = { version, ok: false, drained: false, error }
        // who is away cannot be told, and back again would take it for a refusal of what is under way
        const away = cause instanceof HopError && cause.code === 'control-unreachable'
        if (!away && error !== told) await deliver(() => control.acknowledge(failed), isDue, { version })
        told = error
      }
      await pause(delay * (0.5 + random()), signal)
    }
  }

  // A certificate nobody wants any more would be renewed for ever, and refused each time.
  const dropUnwanted = (names: readonly string[]) => {
    for (const name of names) {
      if (wanted?.publicNames.includes(name)) continue
      credentials.dropPublic(name)
      renewals.forget('public', name)
    }
  }

  /** Whatever was judged by another clock is judged anew by this one; no caller was told to come again. */
  const setClock = (offsetMs: number) => {
    if (!parts.shiftClock(offsetMs)) return
    credentials.outdate()
    renewals.wake()
    clockSet = Promise.all([clockSet, workload.refresh({ trustChanged: true, told: false })])
    // waited for only after the rest is done
    clockSet.catch(() => {})
  }

  return {
    applied: () => applied,
    startOver() {
      newest = applied
    },
    apply(desired) {
      if (desired.version < newest) return
      const before = wanted
      newest = desired.version
      wanted = desired
      for (const name of before?.publicNames ?? [])
        if (!desired.publicNames.includes(name) && !credentials.publicServer(name)) renewals.forget('public', name)
      renewals.allow(desired.certificates?.renewal ?? true)
      setClock(desired.clockOffsetMs ?? 0)
      void follow(desired, ++orders)
    },
  }
}
