import { spiffeId } from '../../pki/spiffe.ts'
import type { Desired, Rule } from '../chassis/desired.ts'
import { anyone } from '../chassis/policy.ts'
import type { Address, Transport } from '../chassis/transport.ts'
import { clientLink, entryOf, hopsOf } from '../hops.ts'
import type { Mode } from '../modes.ts'
import { client, type Link, type Topology } from '../topology.ts'

/** What one workload is to do, before addresses are known: callees by name. */
export type Posture = {
  accepts: Transport[]
  rules: Rule[]
  upstreams: { link: string; callee: string; transport: Transport }[]
  splices: { serverName: string; link: string; callee: string }[]
  publicNames: string[]
}

/** A posture for every workload of the topology, by name. */
export type Plan = Record<string, Posture>

/** What changes without a change of mode: who listens where, which taps stand in between, an operator's switches. */
export type Circumstances = {
  /** Where each workload that registered listens. */
  addresses: Record<string, Address>
  /** Where to dial instead, by link: the wire's taps. */
  routes: Record<string, Address>
  /** Links whose callee is not verified, on purpose. */
  unverified: readonly string[]
  /** Workloads in a debug session. */
  keyLog: readonly string[]
}

export const workloadId = (topology: Topology, name: string): string => spiffeId(topology.trustDomain, name)

/** The settled state of a mode: nothing permissive, deny by default. */
export const planOf = (topology: Topology, mode: Mode): Plan => {
  const plan: Plan = Object.fromEntries(Object.keys(topology.workloads).map(name => [name, idle()]))
  const { edge, serverName } = topology.ingress
  const entry = entryOf(topology, mode)
  const at = (name: string): Posture => (plan[name] ??= idle())

  admit(at(entry), clientLink(topology, entry), 'tls', anyone)
  at(entry).publicNames.push(serverName)
  for (const { link, transport, spliced } of hopsOf(topology, mode)) {
    if (link.caller === client) continue
    if (spliced) {
      at(edge).splices.push({ serverName, link: link.id, callee: link.callee })
      continue
    }
    admit(at(link.callee), link, transport, workloadId(topology, link.caller))
    at(link.caller).upstreams.push({ link: link.id, callee: link.callee, transport })
  }
  return plan
}

/** Puts addresses to names. A callee that has not registered yet has no upstream; its registration brings it. */
export const resolve = (topology: Topology, name: string, posture: Posture, now: Circumstances): Unversioned => {
  const dial = (link: string, callee: string): Address | undefined => now.routes[link] ?? now.addresses[callee]
  return {
    accepts: posture.accepts,
    rules: posture.rules,
    upstreams: posture.upstreams.flatMap(({ link, callee, transport }) => {
      const address = dial(link, callee)
      const id = workloadId(topology, callee)
      return address ? [{ link, callee, transport, address, id, verify: !now.unverified.includes(link) }] : []
    }),
    splices: posture.splices.flatMap(({ serverName, link, callee }) => {
      const address = dial(link, callee)
      return address ? [{ serverName, link, address }] : []
    }),
    publicNames: posture.publicNames,
    keyLog: now.keyLog.includes(name),
  }
}

/** Desired state but for its version. */
export type Unversioned = Omit<Desired, 'version'>

/** Accepts nothing, allows nobody, calls nobody. */
export const idle = (): Posture => ({ accepts: [], rules: [], upstreams: [], splices: [], publicNames: [] })

/** One rule per method, so that a path allowed for one method is not allowed for another. */
const admit = (callee: Posture, link: Link, transport: Transport, from: string): void => {
  if (!callee.accepts.includes(transport)) callee.accepts.push(transport)
  for (const method of new Set(link.allow.map(allowed => allowed.method))) {
    const paths = link.allow.filter(allowed => allowed.method === method).map(allowed => allowed.path)
    callee.rules.push({ link: link.id, from, transports: [transport], methods: [method], paths })
  }
}
