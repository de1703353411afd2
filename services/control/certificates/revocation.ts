import type { RevocationReason } from '../../../pki/crl.ts'
import { HopError } from '../../../pki/error.ts'
import type { Fleet } from '../fleet.ts'
import type { Store } from '../state/store.ts'
import type { Issuer, Revocable } from './issuer.ts'
import type { TrustPublisher } from './trust-publisher.ts'

/** What was said is in effect everywhere it can be, after `ms`; or not everybody answered within a bounded time. */
export type Told = { acknowledged: boolean; ms: number }

/** Taking certificates back, and the way back for a workload that lost its own. Both are audited. */
export type Revocation = {
  /** Resolves once every connected workload took the news: new connections are refused then, open ones cut. Throws `nothing-to-revoke`. */
  revoke(what: Revocable, reason: RevocationReason): Promise<Told & { serials: string[] }>
  /**
   * Gives a workload a new start, with a join token of its own. Never on its old certificate: whoever has its key would get
   * one too. Resolves once it did what it was told. Throws `reenrol-by-hand` where its process is not within reach.
   */
  reenrol(workload: string, by?: { who: string; reason: string }): Promise<Told>
}

/**
 * Has a workload within reach enrol anew, with a join token made for it or by what else lets it in. Throws
 * `reenrol-by-hand` where there is no way to it.
 */
export type Rejoin = (workload: string, joinToken: () => string) => Promise<void>

type Parts = {
  issuer: Pick<Issuer, 'revoke'>
  trust: TrustPublisher
  fleet: Fleet
  store: Pick<Store, 'audit' | 'tokens'>
  /** Did a workload do what it was told last? */
  upToDate: (workload: string) => boolean
  rejoin: Rejoin
  ackTimeoutMs: number
}

const who = 'operator'

export const createRevocation = (parts: Parts): Revocation => {
  const { issuer, trust, fleet, store, upToDate, rejoin, ackTimeoutMs } = parts
  const { audit, tokens } = store

  const told = async (began: number, done: () => boolean): Promise<Told> => {
    const acknowledged = await fleet.until(done, AbortSignal.timeout(ackTimeoutMs)).then(
      () => true,
      () => false,
    )
    return { acknowledged, ms: Math.round(performance.now() - began) }
  }
  const knows = (name: string) => trust.withheld(name) || trust.holds(name)

  return {
    async revoke(what, reason) {
      const began = performance.now()
      const target = 'id' in what ? what.id : what.serials.join(' ')
      const serials = audit.during({ who, action: 'revoke', target, detail: { reason, ...what } }, () =>
        issuer.revoke(what, reason),
      )
      trust.publish()
      return { serials, ...(await told(began, () => fleet.connectedNames().every(knows))) }
    },
    async reenrol(name, { who: by, reason } = { who, reason: '' }) {
      const began = performance.now()
      const act = { who: by, action: 'reenrol', target: name, ...(reason === '' ? {} : { detail: { reason } }) }
      await audit.during(act, () => rejoin(name, () => tokens.issue(name)))
      // what it accepted before it was away is gone then, so that nobody's next request meets it
      const letGo = () => trust.withheld(name) || trust.holds(name, true)
      return told(began, () => fleet.connected(name) && upToDate(name) && letGo())
    },
  }
}

/** Nobody but its own process can give a workload a new start. */
export const byHand = (workload: string): HopError =>
  new HopError('reenrol-by-hand', {
    field: 'workload',
    expected: 'a workload that runs in the process of its lab, or has a bootstrap secret',
    found: `${workload}, a process of its own, which must not be let in again on its old certificate`,
    remedy: `Make it a new join token (POST /api/join-tokens), put that into its token file, and start ${workload} again`,
  })
