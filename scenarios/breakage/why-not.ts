import type { Hop } from '../../services/modes.ts'
import type { Link, Topology } from '../../services/topology/topology.ts'
import type { EndName } from '../doctor/cause.ts'
import { isClients, strangerTo } from '../flows/hops.ts'
import type { Breakage } from './fault.ts'

/** A workload that is neither end of a link, to be shown in the place of one; undefined where there is none. */
export const thirdOf = ({ workloads }: Topology, { caller, callee }: Link): string | undefined =>
  Object.keys(workloads).find(name => name !== callee && name !== caller)

/** Why this cannot be made at that end of a hop; undefined where it can. */
export const whyNot = (breakage: Breakage, hop: Hop, end: EndName, topology: Topology): string | undefined => {
  const { link, transport, spliced } = hop
  const way = breakage[end]
  if (spliced) return 'this connection is passed through unopened: it has no ends here'
  if (transport === 'plaintext') return 'nothing is encrypted on this link, so there is nothing to refuse'
  if (!way) return `${end === 'callee' ? link.callee : link.caller} cannot do that at its end`
  const shows = way.papers !== undefined
  if (isClients(hop) && end === 'caller') return 'the public client is nobody of the lab'
  if (shows && end === 'caller' && transport !== 'mtls')
    return `${link.callee} asks its callers for no certificate on this link`
  if (breakage.name === 'wrong-san' && end === 'caller' && strangerTo(topology, link.callee) === undefined)
    return `everybody may call ${link.callee}`
  if (breakage.name === 'wrong-san' && end === 'callee' && thirdOf(topology, link) === undefined)
    return 'there is no other workload whose certificate it could show'
  if (isClients(hop) && shows && !publicly.includes(breakage.name))
    return 'the lab’s authority makes no such certificate for a public name'
  return undefined
}

/** Certificates for a public name that need nobody's leave. */
const publicly: readonly string[] = ['wrong-san', 'unknown-ca', 'self-signed']
