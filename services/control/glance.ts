import type { Address, Transport } from '../chassis/transport.ts'
import { hopsOf } from '../hops.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology/topology.ts'
import type { Lifetimes } from './certificates/issuer.ts'
import type { RotationRow } from './certificates/rotation-steps.ts'
import type { TrustPublisher } from './certificates/trust-publisher.ts'
import type { Fleet } from './fleet.ts'
import type { BreakGlassRoom } from './rollout/break-glass.ts'
import { sourcesOf, workloadId } from './rollout/plan.ts'
import type { Publisher } from './rollout/publisher.ts'
import { type Switches, switchedFrom } from './rollout/switches.ts'
import type { RolloutRow } from './state/rollout-row.ts'
import type { Store } from './state/store.ts'

/** What the operator sees at a glance. */
export type ControlState = {
  topology: string
  mode: Mode
  rollout: RolloutRow | null
  rotation: RotationRow | null
  /** The one link that is relaxed now, with the time left in ms. */
  breakGlass: ReturnType<BreakGlassRoom['now']> | null
  /** Every workload is connected and did what it was told, and no rollout is under way. */
  settled: boolean
  workloads: WorkloadState[]
  /** Switches that are not at their default, as they stand. */
  switched: Partial<Switches>
  /** For how long certificates are issued, ms; the switch `renewal` can say otherwise for a workload. */
  lifetimes: Pick<Lifetimes, 'workloadMs' | 'publicMs'>
  /** Hops of `mode`, from the client inwards. */
  hops: HopState[]
  /** The public roots, PEM: what a client trusts. */
  bundle: string
}

export type WorkloadState = {
  name: string
  id: string
  address: Address | null
  /** Source addresses (IP) of what it passes on unopened. */
  dialsFrom: string[]
  /** Last version published, last acknowledged. */
  version: number
  acked: number
  connected: boolean
  keyLog: boolean
  error?: string
  /** Whom it trusts: the version it acknowledged last (0: none), and whether that is what is given out now. */
  trust: { version: number; current: boolean }
}

export type HopState = {
  link: string
  caller: string
  callee: string
  transport: Transport
  spliced: boolean
  /** Where the caller dials: the route if there is one, else the callee. */
  address: Address | null
  /** Where the callee itself listens. */
  callees: Address | null
  verify: boolean
}

/** The control plane's own view of the lab: what was ordered, who is there, who did as told. */
export type Glance = {
  state(): ControlState
  settled(): boolean
  /** The same, or a guarded rollout goes on, which watches for minutes: everybody does as told meanwhile. */
  atRest(): boolean
  /** Did a workload acknowledge the last thing it was told? */
  upToDate(name: string): boolean
}

type Parts = { topology: Topology; store: Store; fleet: Fleet; publisher: Publisher; trust: TrustPublisher } & {
  breakGlass: BreakGlassRoom
  lifetimes: Lifetimes
}

export const createGlance = (parts: Parts): Glance => {
  const { topology, fleet, publisher, trust, breakGlass } = parts
  const { workloadMs, publicMs } = parts.lifetimes
  const { intent } = parts.store
  const names = Object.keys(topology.workloads)

  const upToDate = (name: string): boolean => {
    const ack = fleet.acked(name)
    return ack?.ok === true && ack.version >= publisher.version(name)
  }

  /** A rollout that holds where it was told to is at rest. */
  const moving = () => {
    const row = intent.rollout()
    return row !== undefined && !(row.reached && row.stopAt === row.step)
  }

  const everybody = () => names.every(name => fleet.connected(name) && upToDate(name))
  const settled = () => !moving() && everybody()

  const guarded = () => intent.rollout()?.guard != null
  const atRest = () => (!moving() || guarded()) && everybody()

  const workloadState = (name: string, addresses: Record<string, Address>): WorkloadState => {
    const error = fleet.acked(name)?.error
    return {
      name,
      id: workloadId(topology, name),
      address: addresses[name] ?? null,
      dialsFrom: sourcesOf(name, { addresses, sources: intent.sources() }),
      version: publisher.version(name),
      acked: fleet.acked(name)?.version ?? 0,
      connected: fleet.connected(name),
      keyLog: publisher.keyLog.has(name),
      trust: { version: fleet.trustAcked(name)?.version ?? 0, current: trust.holds(name) },
      ...(error === undefined ? {} : { error }),
    }
  }

  const hopStates = (addresses: Record<string, Address>): HopState[] => {
    const routes = intent.routes()
    const unverified = intent.unverified()
    return hopsOf(topology, intent.mode()).map(({ link, transport, spliced }) => ({
      link: link.id,
      caller: link.caller,
      callee: link.callee,
      transport,
      spliced,
      address: routes[link.id] ?? addresses[link.callee] ?? null,
      callees: addresses[link.callee] ?? null,
      verify: !unverified.includes(link.id),
    }))
  }

  return {
    upToDate,
    settled,
    atRest,
    state() {
      const addresses = intent.addresses()
      return {
        topology: topology.name,
        mode: intent.mode(),
        rollout: intent.rollout() ?? null,
        rotation: intent.rotation() ?? null,
        breakGlass: breakGlass.now() ?? null,
        settled: settled(),
        lifetimes: { workloadMs, publicMs },
        switched: switchedFrom(publisher.defaults, publisher.switches()),
        workloads: names.map(name => workloadState(name, addresses)),
        hops: hopStates(addresses),
        bundle: trust.trust().bundle.join(''),
      }
    },
  }
}
