import { type Authority, createAuthority, openAuthority } from '../../../pki/authority.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Store } from '../state/store.ts'
import type { Lifetimes } from './issuer.ts'

/** The authority this state has had from its first day on; its keys are on disk before it signs anything for others. */
export const keptAuthority = (
  store: Store,
  topology: Topology,
  clock: () => number,
  { crlMs }: Lifetimes,
): Authority => {
  const options = {
    trustDomain: topology.trustDomain,
    publicSuffix: topology.ingress.serverName,
    clock,
    lifetimes: { crlMs },
  }
  const kept = store.intent.authority()
  const authority = kept === undefined ? createAuthority(options) : openAuthority(JSON.parse(kept), options)
  // a state of the first version has one generation, and rows that do not name it
  const [only, another] = authority.generations()
  if (only && !another)
    for (const { id, kind } of authority.cas())
      if (kind !== 'root') store.ledger.attribute(kind === 'public' ? 'public' : 'workload', id)
  store.intent.setAuthority(JSON.stringify(authority.exportState()))
  return authority
}
