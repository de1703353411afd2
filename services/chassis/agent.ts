import { setTimeout as wait } from 'node:timers/promises'
import { HopError } from '../../pki/error.ts'
import type { ControlClient, ControlMessage } from './control-client.ts'
import type { CredentialStore } from './credentials.ts'
import type { Desired } from './desired.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address } from './transport.ts'
import type { Workload } from './workload.ts'

export type AgentOptions = {
  workload: Workload
  control: ControlClient
  credentials: CredentialStore
  telemetry: Telemetry
  listening: Address
  clock?: () => number
  /** Renew when this share of the lifetime has passed, give or take a tenth so that a fleet does not renew at once. */
  renewAt?: number
  random?: () => number
}

export type Agent = { close(): Promise<void> }

const backoff = { firstMs: 100, mostMs: 5_000 }

/**
 * A workload's side of the control plane: keeps the stream open, applies what it says in order, acknowledges,
 * and renews certificates in time. While the control plane is away, the workload goes on as it last was told.
 */
export const startAgent = (options: AgentOptions): Agent => {
  const { workload, control, credentials, telemetry, listening } = options
  const { clock = Date.now, renewAt = 0.5, random = Math.random } = options
  const ended = new AbortController()
  const { signal } = ended
  let applied = 0
  let stream = new AbortController()

  const apply = async (desired: Desired) => {
    try {
      for (const name of desired.publicNames) if (!credentials.publicServer(name)) await control.obtainPublic(name)
      await workload.apply(desired)
      applied = desired.version
      await control.acknowledge({ version: desired.version, ok: true, drained: true })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      telemetry.log.error({ version: desired.version, reason }, 'desired state not applied')
      await control.acknowledge({ version: desired.version, ok: false, drained: false, error: reason }).catch(() => {})
    }
  }

  const trust = async (message: ControlMessage & { type: 'trust' }) => {
    try {
      const { bundle, crl } = credentials.trust()
      if (!sameTexts(bundle, message.bundle) || !sameTexts(crl, message.crl)) {
        credentials.setTrust({ bundle: message.bundle, crl: message.crl })
        await workload.refresh({ trustChanged: true })
      }
      workload.expel(new Set(message.revoked ?? []))
    } catch (error) {
      telemetry.log.error({ reason: String(error) }, 'trust not replaced; the old one stays')
    }
  }

  const obey = (message: ControlMessage) => {
    if (message.type === 'desired') void apply(message.desired)
    else if (message.type === 'trust') void trust(message)
    else if (message.type === 'report')
      control
        .report(message.id, workload.observations(message.since))
        .catch(error => telemetry.log.warn({ reason: String(error) }, 'report not delivered'))
  }

  const listen = async () => {
    let delay = backoff.firstMs
    while (!signal.aborted) {
      try {
        stream = new AbortController()
        for await (const message of control.stream({ listening, applied }, AbortSignal.any([signal, stream.signal]))) {
          delay = backoff.firstMs
          obey(message)
        }
      } catch (error) {
        if (!signal.aborted && !stream.signal.aborted)
          telemetry.log.warn({ reason: String(error) }, 'stream to the control plane lost')
      }
      if (stream.signal.aborted) continue
      await pause(delay * (0.5 + random()), signal)
      delay = Math.min(delay * 2, backoff.mostMs)
    }
  }

  const renewInTime = async () => {
    let delay = backoff.firstMs
    while (!signal.aborted) {
      const held = credentials.held().find(({ kind }) => kind === 'workload')
      if (!held) throw new HopError('not-enrolled', { message: 'nothing to renew' })
      const left = Date.parse(held.notAfter) - clock()
      await pause(delay > backoff.firstMs ? delay : left * renewAt * (0.9 + 0.2 * random()), signal)
      if (signal.aborted) return
      try {
        await control.renew()
        for (const { kind, name } of credentials.held()) if (kind === 'public') await control.obtainPublic(name)
        // the stream proves the certificate it began with; begin it anew
        stream.abort()
        await workload.refresh({ trustChanged: false })
        delay = backoff.firstMs
      } catch (error) {
        telemetry.log.warn({ reason: String(error) }, 'renewal failed; the old certificate stays')
        delay = Math.min(delay * 2, Math.max(backoff.mostMs, left / 10))
      }
    }
  }

  const running = Promise.all([listen(), renewInTime()])
  return {
    async close() {
      ended.abort()
      await running
      await control.close()
    },
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal, ref: false }).catch(() => {})

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i])
