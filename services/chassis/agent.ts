import { HopError } from '../../pki/error.ts'
import type { ControlClient } from './control-client.ts'
import type { Acknowledgement, ControlMessage } from './control-protocol.ts'
import type { CredentialStore } from './credentials.ts'
import type { Desired } from './desired.ts'
import { backoff, createRenewals, pause } from './renewal.ts'
import type { Telemetry } from './telemetry.ts'
import type { Address } from './transport.ts'
import type { Workload } from './workload.ts'

export type AgentOptions = {
  workload: Workload
  control: ControlClient
  credentials: CredentialStore
  telemetry: Telemetry
  listening: Address
  /** See `StreamHello`. */
  dialsFrom?: string | undefined
  clock?: () => number
  /** Renew when this share of the lifetime has passed, give or take a tenth so that a fleet does not renew at once. */
  renewAt?: number
  random?: () => number
}

export type Agent = { close(): Promise<void> }

/**
 * A workload's side of the control plane: keeps the stream open, applies what it says in order, acknowledges,
 * and renews certificates in time. While the control plane is away, the workload goes on as it last was told.
 */
export const startAgent = (options: AgentOptions): Agent => {
  const { workload, control, credentials, telemetry, listening, dialsFrom } = options
  const hello = { listening, ...(dialsFrom === undefined ? {} : { dialsFrom }) }
  const { clock = Date.now, renewAt = 0.5, random = Math.random } = options
  const ended = new AbortController()
  const { signal } = ended
  const renewals = createRenewals({ credentials, telemetry, signal, clock, renewAt, random })
  let applied = 0
  let newest = 0
  let wantedNames: readonly string[] = []

  const apply = async (desired: Desired) => {
    const { version } = desired
    if (version < newest) return
    newest = version
    wantedNames = desired.publicNames
    const outcome: Acknowledgement = { version, ok: true, drained: true }
    try {
      for (const name of desired.publicNames) {
        if (!credentials.publicServer(name)) await control.obtainPublic(name)
        renewals.keep('public', name, () => control.obtainPublic(name))
      }
      // a certificate takes a while to come; what was said in the meantime must not be undone
      if (version < newest) return dropUnwanted(desired.publicNames)
      await workload.apply(desired)
      applied = Math.max(applied, version)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      telemetry.log.error({ version, reason }, 'desired state not applied')
      Object.assign(outcome, { ok: false, drained: false, error: reason })
    }
    await acknowledge(outcome)
  }

  // An acknowledgement that is lost is not a failure to apply. Somebody waits for it, unless a newer order has come.
  const acknowledge = async (outcome: Acknowledgement) => {
    const { version } = outcome
    for (let delay = backoff.firstMs; !signal.aborted && version >= newest; delay *= 2) {
      try {
        return await control.acknowledge(outcome)
      } catch (error) {
        telemetry.log.warn({ version, reason: String(error) }, 'acknowledgement not delivered')
      }
      if (delay > backoff.mostMs) return
      await pause(delay * (0.5 + random()), signal)
    }
  }

  // A certificate nobody wants any more would be renewed for ever, and refused each time.
  const dropUnwanted = (names: readonly string[]) => {
    for (const name of names) if (!wantedNames.includes(name)) credentials.dropPublic(name)
  }

  const trust = ({ bundle, crl, revoked = [] }: ControlMessage & { type: 'trust' }) => {
    const held = credentials.trust()
    let changed = !sameTexts(held.bundle, bundle) || !sameTexts(held.crl, crl)
    try {
      if (changed) credentials.setTrust({ bundle, crl })
    } catch (error) {
      changed = false
      telemetry.log.error({ reason: String(error) }, 'trust not replaced; the old one stays')
    }
    // before anything is waited for: a revoked peer is not owed the end of its requests
    workload.expel(new Set(revoked))
    if (changed) refresh({ trustChanged: true })
  }

  // Waits for the last request on the old connections, however long that takes: nobody here may wait with it.
  const refresh = (what: Parameters<Workload['refresh']>[0]) => {
    workload
      .refresh(what)
      .catch(error => telemetry.log.warn({ reason: String(error) }, 'old connections were not seen off'))
  }

  const obey = (message: ControlMessage) => {
    if (message.type === 'desired') void apply(message.desired)
    else if (message.type === 'trust') trust(message)
    else if (message.type === 'report')
      control
        .report(message.id, workload.observations(message.since))
        .catch(error => telemetry.log.warn({ reason: String(error) }, 'report not delivered'))
  }

  // A stream proves the certificate it began with. After a renewal the next one is opened beside it, so that the
  // control plane never loses sight of this workload; it ends the older one itself.
  let streams = 0
  const follow = async () => {
    const mine = ++streams
    let delay = backoff.firstMs
    while (!signal.aborted && mine === streams) {
      try {
        newest = applied
        for await (const message of control.stream({ ...hello, applied }, signal)) {
          // trust has no version, and the newer stream begins with what is trusted now: nothing late may undo that
          if (mine !== streams && message.type === 'trust') continue
          delay = backoff.firstMs
          obey(message)
        }
      } catch (error) {
        if (!signal.aborted && mine === streams)
          telemetry.log.warn({ reason: String(error) }, 'stream to the control plane lost')
      }
      if (mine !== streams) return
      await pause(delay * (0.5 + random()), signal)
      delay = Math.min(delay * 2, backoff.mostMs)
    }
  }

  const following = new Set<Promise<void>>()
  const startFollowing = () => {
    const stream = follow().finally(() => following.delete(stream))
    following.add(stream)
  }
  startFollowing()
  const id = credentials.id()
  if (id === undefined) throw new HopError('not-enrolled', { message: 'an agent begins with a certificate' })
  renewals.keep('workload', id, async () => {
    await control.renew()
    startFollowing()
    refresh({ trustChanged: false })
  })
  return {
    async close() {
      ended.abort()
      // first, so that nothing waits for an answer that will not come
      await control.close()
      await Promise.all([renewals.over(), ...following])
    },
  }
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i])
