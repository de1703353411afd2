import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Switches } from '../rollout/switches.ts'
import type { Store } from '../state/store.ts'
import { createBootstrap, type SecretOf } from './bootstrap.ts'
import { createCrlPublication } from './crl-publication.ts'
import { createIssuer, type Lifetimes } from './issuer.ts'
import { keptAuthority } from './kept-authority.ts'
import { arrangementAt } from './rotation-order.ts'
import { createTrustPublisher } from './trust-publisher.ts'

type Parts = {
  store: Store
  topology: Topology
  fleet: Fleet
  switches: () => Switches
  clock: () => number
  lifetimes: Lifetimes
  secretOf: SecretOf
}

/**
 * The authority a state keeps, and who speaks for it: `issuer` gives out certificates, `trust` whom to trust, `lists` whom
 * not any more. `shown` is the generation whose certificates are presented now. Throws what the authority throws.
 */
export const createCertification = ({ store, topology, fleet, switches, clock, lifetimes, secretOf }: Parts) => {
  const { ledger, intent } = store
  const { rotation } = intent
  const authority = keptAuthority(store, topology, clock, lifetimes)
  const revocation = () => switches().revocation
  const lists = createCrlPublication({ authority, ledger, settings: revocation, clock, lifetimeMs: lifetimes.crlMs })
  const trust = createTrustPublisher({ authority, lists, ledger, fleet, switches, rotation, clock })
  const shown = (): string | undefined => {
    const row = rotation()
    const generations = authority.generations()
    return row ? arrangementAt(row, generations).shown : generations.find(({ signs }) => signs)?.id
  }
  const renewal = () => switches().renewal
  const bundle = () => trust.trust().bundle
  const bootstrap = createBootstrap({ secretOf, topology, store, switches, bundle, clock })
  const { tokens } = bootstrap
  const issuing = { store, authority, topology, clock, lifetimes, tokens, trust: trust.trust, renewal, shown }
  return { authority, lists, trust, bootstrap, issuer: createIssuer(issuing), shown }
}
