import type { Authority } from '../../../pki/authority.ts'
import { HopError } from '../../../pki/error.ts'
import type { TrustAcknowledgement, TrustMessage } from '../../chassis/control-protocol.ts'
import type { Trust } from '../../chassis/tls-options.ts'
import type { Fleet } from '../fleet.ts'
import type { Switches } from '../rollout/switches.ts'
import type { Ledger } from '../state/ledger.ts'
import type { CrlPublication } from './crl-publication.ts'
import type { RotationRow } from './rotation-steps.ts'
import { createTrustClaims } from './trust-claims.ts'
import type { TrustState } from './trust-state.ts'

/** The one place that says what trust is given out, and knows who has taken it. */
export type TrustPublisher = {
  /** What is given out, as somebody gets it who has none yet. */
  trust(): Trust
  /** The control plane's own: every CA it has, also those that are not given out (any more). */
  own(): Trust
  /** What a stream begins with; undefined for a workload from which it is withheld. */
  greeting(workload: string): TrustMessage | undefined
  /** Makes the lists anew, under a new number, and tells everybody; to be called after whatever changes trust. */
  publish(how?: { scheduled: boolean }): void
  /**
   * A version that a workload says it holds. Where that is ahead, this state is an older one: what it refuses as going
   * back is given out anew above it. Throws `trust-claims` for who says so too often.
   */
  seen(workload: string, version: number): void
  /** Called after each {@link TrustPublisher.publish}, before anybody is told. */
  onPublish(listener: () => void): void
  /** Tells the listeners alone: the control plane's own part changed, and nothing that is given out. */
  refreshOwn(): void
  /** Of what is given out now. */
  version(): number
  /** A workload's answer. Throws `ack-of-the-future`. */
  ack(workload: string, acknowledgement: TrustAcknowledgement): void
  /** Has this workload taken what is given out now; with `drained`: and let go of whatever that does not bear? */
  holds(workload: string, drained?: boolean): boolean
  withheld(workload: string): boolean
  state(): TrustState
}

type Options = {
  authority: Authority
  lists: CrlPublication
  ledger: Ledger
  fleet: Fleet
  switches: () => Pick<Switches, 'trustWithheld' | 'revocation'>
  rotation: () => RotationRow | undefined
  clock: () => number
}

export const createTrustPublisher = (options: Options): TrustPublisher => {
  const { authority, lists, ledger, fleet, switches, rotation, clock } = options
  const listeners: (() => void)[] = []
  const claims = createTrustClaims(clock)
  let publishedAt = clock()

  const trust = () => ({
    version: lists.number(),
    bundle: authority.trustBundle(),
    intermediates: authority.intermediates(),
    crl: lists.lists(),
    revocation: switches().revocation.failure,
  })
  const message = (): TrustMessage => ({
    type: 'trust',
    ...trust(),
    revoked: lists.revoked(),
  })
  const withheld = (workload: string) => switches().trustWithheld.includes(workload)

  const publish: TrustPublisher['publish'] = how => {
    lists.renew(how)
    publishedAt = clock()
    for (const listener of listeners) listener()
    const told = message()
    for (const workload of fleet.connectedNames()) if (!withheld(workload)) fleet.send(workload, told)
    fleet.expel(new Set(fleet.provenBy().filter(ledger.isRevoked)))
  }

  return {
    trust,
    own: () => ({ bundle: authority.trustBundle('all'), crl: lists.own() }),
    greeting: workload => (withheld(workload) ? undefined : message()),
    publish,
    seen(workload, version) {
      if (version <= lists.number()) return
      claims.believe(workload)
      if (lists.seen(version)) publish()
    },
    version: lists.number,
    refreshOwn() {
      for (const listener of listeners) listener()
    },
    onPublish: listener => void listeners.push(listener),
    ack(workload, acknowledgement) {
      const current = lists.number()
      if (acknowledgement.version > current)
        throw new HopError('ack-of-the-future', {
          field: 'version',
          expected: `at most ${current}`,
          found: String(acknowledgement.version),
        })
      fleet.ackTrust(workload, { ...acknowledgement, at: clock() })
    },
    holds(workload, drained = false) {
      const ack = fleet.trustAcked(workload)
      return ack?.ok === true && ack.version >= lists.number() && (ack.drained || !drained)
    },
    withheld,
    state: () => ({
      version: lists.number(),
      publishedAt,
      authorities: authority.cas(),
      rotation: rotation() ?? null,
      workloads: fleet.trustAcks(),
    }),
  }
}
