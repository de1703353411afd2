import { isDeepStrictEqual } from 'node:util'
import { spiffeId } from '../../../pki/spiffe.ts'
import type { Desired, L7Policy, ProxyTrust, Rule, TokenPolicy } from '../../chassis/desired.ts'
import { anyone } from '../../chassis/policy.ts'
import { usualTls } from '../../chassis/tls-suites.ts'
import type { Address, Transport } from '../../chassis/transport.ts'
import { clientLink, entryOf, hopsOf } from '../../hops.ts'
import type { Mode } from '../../modes.ts'
import { client, type Link, linkId, type Topology } from '../../topology/topology.ts'
import { broadened } from './broad-policy.ts'
import type { Switches } from './switches.ts'

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
  /** Source addresses of what a workload splices, where they are not the one it listens on. */
  sources?: Record<string, readonly string[]>
  /** Where to dial instead, by link: the wire's taps. */
  routes: Record<string, Address>
  /** Links whose callee is not verified, on purpose. */
  unverified: readonly string[]
  /** Workloads in a debug session. */
  keyLog: readonly string[]
  switches: Switches
  /** See `Intent.epochs`. */
  epochs?: Record<string, number>
  /** The control plane's JWK set, whom its tokens name as issuer, and where the public enters now. */
  tokens: Pick<TokenPolicy, 'issuer' | 'keys' | 'asserters'>
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
    rules: broadened(topology, posture, now.switches.policy),
    upstreams: posture.upstreams.flatMap(({ link, callee, transport }) => {
      const address = dial(link, callee)
      const id = workloadId(topology, callee)
      return address ? [{ link, callee, transport, address, id, verify: !now.unverified.includes(link) }] : []
    }),
    splices: posture.splices.flatMap(({ serverName, link, callee }) => {
      const address = dial(link, callee)
      return address ? [{ serverName, link, address, proxyProtocol: now.switches.proxyProtocol !== 'off' }] : []
    }),
    publicNames: posture.publicNames,
    keyLog: now.keyLog.includes(name),
    ...l7At(topology, name, now),
    ...proxyTrustAt(topology, name, posture, now),
    ...logsFrom(name, now),
    ...certificatesOf(name, now),
    ...tlsAt(posture, now),
    ...clockOf(name, now),
  }
}

const certificatesOf = (name: string, { epochs = {}, switches }: Circumstances): Pick<Desired, 'certificates'> => {
  const epoch = epochs[name] ?? 0
  const renewal = switches.renewal[name]?.on ?? true
  return epoch > 0 || !renewal ? { certificates: { epoch, renewal } } : {}
}

const tlsAt = ({ publicNames }: Posture, { switches: { tls } }: Circumstances): Pick<Desired, 'tls'> =>
  publicNames.length > 0 && !isDeepStrictEqual(tls, usualTls) ? { tls } : {}

const clockOf = (name: string, { switches }: Circumstances): Pick<Desired, 'clockOffsetMs'> => {
  const offsetS = switches.clocks[name] ?? 0
  return offsetS === 0 ? {} : { clockOffsetMs: offsetS * 1000 }
}

const l7At = (topology: Topology, name: string, { switches, tokens }: Circumstances): { l7?: L7Policy } => {
  const settings = switches.l7[name]
  if (!settings) return {}
  const { waf, rate } = settings
  return { l7: { waf, rate, tokens: settings.tokens ? { ...tokens, ...topology.tokens } : null } }
}

/**
 * Where the public enters behind the edge, the edge says who it is; nowhere else is a PROXY header looked for. That it
 * may say so is not taken back while it says nothing (`off`): it could not be told at the same moment.
 */
const proxyTrustAt = (
  { ingress }: Topology,
  name: string,
  { publicNames }: Posture,
  { switches, addresses, sources }: Circumstances,
): { proxyProtocol?: ProxyTrust } => {
  if (name === ingress.edge || publicNames.length === 0) return {}
  if (switches.proxyProtocol === 'anyone') return { proxyProtocol: { from: 'anyone' } }
  return { proxyProtocol: { from: sourcesOf(ingress.edge, { addresses, sources }) } }
}

/** From which addresses a workload dials what it splices, as far as it is known. */
export const sourcesOf = (
  name: string,
  { addresses, sources = {} }: Pick<Circumstances, 'addresses' | 'sources'>,
): string[] => {
  const host = addresses[name]?.host
  return [...(sources[name] ?? (host === undefined ? [] : [host]))]
}

const logsFrom = (name: string, { switches }: Circumstances): { logsTo?: { link: string; address: Address } } => {
  const pipeline = switches.logPipelines[name]
  return pipeline ? { logsTo: { link: linkId(name, pipeline.name), address: pipeline.address } } : {}
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
