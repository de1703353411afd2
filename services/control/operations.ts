import type { RevocationReason } from '../../pki/crl.ts'
import { HopError } from '../../pki/error.ts'
import type { Observations } from '../chassis/observation.ts'
import type { Address, Transport } from '../chassis/transport.ts'
import { hopsOf } from '../hops.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology.ts'
import type { AuditEntry } from './audit.ts'
import type { Fleet } from './fleet.ts'
import type { RolloutRow } from './intent.ts'
import type { Issuer, Revocable } from './issuer.ts'
import { workloadId } from './plan.ts'
import type { Publisher } from './publisher.ts'
import type { Outcome, Rollout, Watch } from './rollout.ts'
import type { Step } from './steps.ts'
import type { Store } from './store.ts'

/** What the operator sees at a glance. */
export type ControlState = {
  topology: string
  mode: Mode
  rollout: RolloutRow | null
  /** Every workload is connected and did what it was told, and no rollout is under way. */
  settled: boolean
  workloads: WorkloadState[]
  /** Hops of `mode`, from the client inwards. */
  hops: HopState[]
  /** The public roots, PEM: what a client trusts. */
  bundle: string
}

export type WorkloadState = {
  name: string
  id: string
  address: Address | null
  /** Last version published, last acknowledged. */
  version: number
  acked: number
  connected: boolean
  keyLog: boolean
  error?: string
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

/** Everything an operator can do, audited. */
export type Operations = {
  state(): ControlState
  switchMode(mode: Mode, stopAt: Step | undefined, watch: Watch): Promise<Outcome>
  rollback(watch: Watch): Promise<Outcome>
  report(name: string, since: number): Promise<Observations>
  /** The next three resolve once every connected workload acknowledged, or with `acknowledged: false` after a while. */
  setKeyLog(name: string, keyLog: boolean): Promise<Applied>
  setVerify(link: string, verify: boolean): Promise<Applied>
  /** Replaces all routes. */
  setRoutes(routes: Record<string, Address>): Promise<Applied>
  audit(since: number): AuditEntry[]
  /** Throws `body-invalid` unless exactly one of serial and id is given, and `nothing-to-revoke`. */
  revoke(what: Revocable & { reason: RevocationReason }): { serials: string[] }
  joinToken(workload: string, reason: string): string
  /** Resolves when {@link ControlState.settled}. Rejects with the signal's reason. */
  settled(signal: AbortSignal): Promise<void>
}

export type Applied = { acknowledged: boolean }

type OperationsOptions = {
  topology: Topology
  store: Store
  fleet: Fleet
  publisher: Publisher
  issuer: Issuer
  rollout: Rollout
  /** Told after a revocation: the workload API closes what hangs on it. */
  onTrustChange: () => void
  ackTimeoutMs: number
  reportTimeoutMs: number
}

const who = 'operator'

export const createOperations = (options: OperationsOptions): Operations => {
  const { topology, store, fleet, publisher, issuer, rollout, onTrustChange, ackTimeoutMs, reportTimeoutMs } = options
  const { intent, audit, tokens } = store
  const names = Object.keys(topology.workloads)

  const upToDate = (name: string): boolean => {
    const ack = fleet.acked(name)
    return ack?.ok === true && ack.version >= (publisher.current(name)?.version ?? 0)
  }

  /** A rollout that holds where it was told to is at rest. */
  const moving = () => {
    const row = intent.rollout()
    return row !== undefined && !(row.reached && row.stopAt === row.step)
  }

  const settled = () => !moving() && names.every(name => fleet.connected(name) && upToDate(name))

  const workloadState = (name: string, addresses: Record<string, Address>): WorkloadState => {
    const error = fleet.acked(name)?.error
    return {
      name,
      id: workloadId(topology, name),
      address: addresses[name] ?? null,
      version: publisher.current(name)?.version ?? 0,
      acked: fleet.acked(name)?.version ?? 0,
      connected: fleet.connected(name),
      keyLog: publisher.keyLog.has(name),
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

  const apply = async (change: () => void): Promise<Applied> => {
    publisher.publish(change)
    const applied = () => names.every(name => !fleet.connected(name) || upToDate(name))
    return fleet.until(applied, AbortSignal.timeout(ackTimeoutMs)).then(
      () => ({ acknowledged: true }),
      () => ({ acknowledged: false }),
    )
  }

  return {
    state() {
      const addresses = intent.addresses()
      return {
        topology: topology.name,
        mode: intent.mode(),
        rollout: intent.rollout() ?? null,
        settled: settled(),
        workloads: names.map(name => workloadState(name, addresses)),
        hops: hopStates(addresses),
        bundle: issuer.trust().bundle.join(''),
      }
    },
    switchMode: (mode, stopAt, watch) =>
      audit.during({ who, action: 'mode', target: mode, detail: { from: intent.mode(), stopAt } }, () =>
        rollout.to(mode, stopAt === undefined ? { watch } : { watch, stopAt }),
      ),
    rollback: watch =>
      audit.during({ who, action: 'rollback', detail: { ...intent.rollout() } }, () => rollout.back(watch)),
    report: (name, since) => fleet.report(name, since, reportTimeoutMs),
    setKeyLog: (name, keyLog) =>
      audit.during({ who, action: 'debug', target: name, detail: { sessionSecrets: keyLog } }, () =>
        apply(() => void (keyLog ? publisher.keyLog.add(name) : publisher.keyLog.delete(name))),
      ),
    setVerify: (link, verify) =>
      audit.during({ who, action: 'verify', target: link, detail: { verify } }, () =>
        apply(() => {
          const others = intent.unverified().filter(id => id !== link)
          intent.setUnverified(verify ? others : [...others, link])
        }),
      ),
    setRoutes: routes =>
      audit.during({ who, action: 'routes', detail: routes }, () => apply(() => intent.setRoutes(routes))),
    audit: audit.since,
    revoke({ reason, ...what }) {
      if ((what.serial === undefined) === (what.id === undefined))
        throw new HopError('body-invalid', {
          field: 'serial',
          expected: 'either serial or id',
          found: 'both or neither',
        })
      const target = what.serial ?? what.id ?? ''
      const serials = audit.during({ who, action: 'revoke', target, detail: { reason } }, () =>
        issuer.revoke(what, reason),
      )
      onTrustChange()
      fleet.broadcast(issuer.trustMessage())
      const ids = new Set(serials.map(issuer.nameOf))
      for (const name of names) if (ids.has(workloadId(topology, name))) fleet.disconnect(name)
      return { serials }
    },
    joinToken: (workload, reason) =>
      audit.during({ who, action: 'join-token', target: workload, detail: { reason } }, () => tokens.issue(workload)),
    settled: signal => fleet.until(settled, signal),
  }
}
