import type { ControlClient } from './control-client.ts'
import type { TrustMessage } from './control-protocol.ts'
import type { CredentialStore } from './credentials.ts'
import type { Deliver } from './delivery.ts'
import type { Telemetry } from './telemetry.ts'
import type { Workload } from './workload.ts'

type Parts = {
  workload: Workload
  control: ControlClient
  credentials: CredentialStore
  telemetry: Telemetry
  deliver: Deliver
  /** A root is trusted no longer: whatever rests on it begins anew. */
  onRootLost: () => void
  /** See `AgentOptions`. */
  seenOff: Promise<unknown> | undefined
}

/**
 * Takes what the control plane says of trust. What cannot be used, or would go back, is refused and the old stays; either
 * way it is answered: taken or not at once, drained once no connection is left that this trust does not bear.
 */
export const createTrustFollower = (parts: Parts): ((message: TrustMessage) => void) => {
  const { workload, control, credentials, telemetry, deliver, onRootLost } = parts
  let newest = 0
  let drained: Promise<unknown> = parts.seenOff ?? Promise.resolve()

  const answer = (version: number, outcome: { ok: boolean; drained: boolean; error?: string }) =>
    deliver(
      () => control.acknowledgeTrust({ version, ...outcome }),
      // who speaks of older trust has lost newer, and is to learn why nobody takes it
      () => version >= newest || !outcome.ok,
      { trust: version },
    )

  return ({ type: _, ...told }) => {
    const { version } = told
    newest = Math.max(newest, version)
    const before = credentials.trustHeld()
    let error: string | undefined
    let moves = false
    try {
      moves = credentials.setTrust(told)
    } catch (cause) {
      error = String(cause)
      telemetry.log.error({ reason: error }, 'trust not replaced; the old one stays')
    }
    // before anything is waited for: a revoked peer is not owed the end of its requests
    workload.expel(new Set([...told.revoked, ...(error === undefined ? [] : before.revoked)]))
    if (error !== undefined) return void answer(version, { ok: false, drained: false, error })
    if (moves) {
      drained = Promise.all([drained, workload.judgeAnew()])
      drained.catch(reason => telemetry.log.warn({ reason: String(reason) }, 'old connections were not seen off'))
      if (before.trust.bundle.some(root => !told.bundle.includes(root))) onRootLost()
    }
    const seenOff = drained
    void answer(version, { ok: true, drained: false })
      .then(() => seenOff)
      .then(() => answer(version, { ok: true, drained: true }))
      .catch(() => {})
  }
}
