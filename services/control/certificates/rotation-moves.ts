import type { Authority } from '../../../pki/authority.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Publisher } from '../rollout/publisher.ts'
import type { Store } from '../state/store.ts'
import { arrangementAt } from './rotation-order.ts'
import type { RotationRow } from './rotation-steps.ts'
import type { TrustPublisher } from './trust-publisher.ts'

/** What a rotation does to the authority, and tells everybody. */
export type RotationMoves = {
  /** Into a step, on disk before anybody is told; `prepare` is part of the same commit. */
  enter(row: RotationRow, prepare?: () => void): void
  /** Out of the last one: the keys of the old CAs are given up. */
  finish(row: RotationRow): void
}

type Parts = {
  topology: Topology
  store: Store
  authority: Authority
  fleet: Fleet
  publisher: Publisher
  trust: TrustPublisher
}

export const createRotationMoves = ({ topology, store, authority, fleet, publisher, trust }: Parts): RotationMoves => {
  const { intent, audit, ledger } = store

  /** Row, CAs, epochs and their trace in the audit are one commit; what memory holds of it goes back where the disk refuses. */
  const commit = (row: RotationRow | undefined, work: () => void): void => {
    const before = authority.exportState()
    try {
      publisher.publish(() => {
        work()
        intent.setAuthority(JSON.stringify(authority.exportState()))
        intent.setRotation(row)
      })
    } catch (error) {
      authority.restore(before)
      throw error
    }
  }

  const enter: RotationMoves['enter'] = (row, prepare = () => {}) => {
    commit(row, () => {
      prepare()
      const { signs, trusted } = arrangementAt(row, authority.generations())
      authority.arrange(signs, trusted)
      if (row.step === 'reissue') renewEverybody()
      const { what, step, careless, back } = row
      audit.note({ who: 'control', action: 'rotation-step', target: what, detail: { step, careless, back } })
    })
    trust.publish()
  }

  const renewEverybody = (): void => {
    const epochs = intent.epochs()
    intent.setEpochs(Object.fromEntries(Object.keys(topology.workloads).map(name => [name, (epochs[name] ?? 0) + 1])))
  }

  /** Whatever still rests on the CAs that are given up ends here too. */
  const finish: RotationMoves['finish'] = row => {
    const { from } = arrangementAt(row, authority.generations())
    commit(undefined, () => authority.forget(from))
    const known = authority.cas().map(({ id }) => id)
    fleet.expel(new Set(fleet.provenBy().filter(serial => !known.includes(ledger.find(serial)?.issuer ?? ''))))
    trust.refreshOwn()
    store.scrub()
  }

  return { enter, finish }
}
