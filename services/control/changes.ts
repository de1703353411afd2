import type { Topology } from '../topology/topology.ts'
import type { TrustPublisher } from './certificates/trust-publisher.ts'
import type { Fleet } from './fleet.ts'
import type { Publisher } from './rollout/publisher.ts'
import type { SwitchName } from './rollout/switches.ts'
import type { Act } from './state/audit.ts'
import type { Store } from './state/store.ts'

/** Whether every workload that was connected did what it was told within a bounded time. */
export type Applied = { acknowledged: boolean }

/** How the audit names whoever asks through the operator's API. */
export const who = 'operator'

/** Switches that say what trust is given out. */
const aboutTrust: readonly SwitchName[] = ['trustWithheld', 'revocation']

type Parts = {
  topology: Topology
  store: Pick<Store, 'audit'>
  fleet: Fleet
  publisher: Publisher
  trust: TrustPublisher
  /** Did a workload do what it was told last? */
  upToDate: (workload: string) => boolean
  ackTimeoutMs: number
}

/** What an operator changes at once: stored and on record in one commit, told to all, and waited for. */
export const createChanges = ({ topology, store, fleet, publisher, trust, upToDate, ackTimeoutMs }: Parts) => {
  const { audit } = store
  const names = Object.keys(topology.workloads)

  const untilConnected = (did: (name: string) => boolean): Promise<Applied> =>
    fleet
      .until(() => names.every(name => !fleet.connected(name) || did(name)), AbortSignal.timeout(ackTimeoutMs))
      .then(
        () => ({ acknowledged: true }),
        () => ({ acknowledged: false }),
      )

  const publish = (act: Omit<Act, 'who'>, change: () => void): void =>
    audit.within({ who, ...act }, noted =>
      publisher.publish(() => {
        change()
        noted()
      }),
    )

  /** Recorded before anybody's acknowledgement is waited for: a change counts from the moment it is stored. */
  const apply = (act: Omit<Act, 'who'>, change: () => void): Promise<Applied> => {
    publish(act, change)
    return untilConnected(upToDate)
  }

  const trusts = (name: string) => trust.withheld(name) || trust.holds(name)

  return {
    apply,
    /** The same for a switch: who has to trust others than before has done so, too. */
    applySwitch(act: Omit<Act, 'who'>, name: SwitchName, change: () => void): Promise<Applied> {
      if (!aboutTrust.includes(name)) return apply(act, change)
      publish(act, change)
      trust.publish()
      return untilConnected(workload => upToDate(workload) && trusts(workload))
    },
  }
}
