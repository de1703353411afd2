import type { RevocationReason } from '../../pki/crl.ts'
import { HopError } from '../../pki/error.ts'
import type { TokenPolicy } from '../chassis/desired.ts'
import type { Observations } from '../chassis/observation.ts'
import type { Address } from '../chassis/transport.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology/topology.ts'
import type { Issuer, Revocable } from './certificates/issuer.ts'
import type { TokenWish, UserTokens } from './certificates/user-tokens.ts'
import type { Fleet } from './fleet.ts'
import { type ControlState, createGlance } from './glance.ts'
import type { Publisher } from './rollout/publisher.ts'
import type { Outcome, Rollout, Watch } from './rollout/rollout.ts'
import type { Step } from './rollout/steps.ts'
import type { Switches, SwitchName } from './rollout/switches.ts'
import type { Act, AuditEntry } from './state/audit.ts'
import type { Store } from './state/store.ts'

/** Everything an operator can do, audited. */
export type Operations = {
  state(): ControlState
  switchMode(mode: Mode, stopAt: Step | undefined, watch: Watch): Promise<Outcome>
  rollback(watch: Watch): Promise<Outcome>
  report(name: string, since: number): Promise<Observations>
  /** Several reports at once, each since its own cursor. */
  reports(since: Record<string, number>): Promise<Record<string, Observations>>
  /** The next three resolve once every connected workload acknowledged, or with `acknowledged: false` after a while. */
  setKeyLog(name: string, keyLog: boolean): Promise<Applied>
  setVerify(link: string, verify: boolean): Promise<Applied>
  /** Replaces all routes. */
  setRoutes(routes: Record<string, Address>): Promise<Applied>
  switches(): Switches
  /** Changes one switch; `before` is what it was. */
  setSwitch<Name extends SwitchName>(name: Name, value: Switches[Name]): Promise<Applied & { before: Switches[Name] }>
  /** Sets one switch to what it is when nobody has set it. */
  resetSwitch<Name extends SwitchName>(name: Name): Promise<Applied & { before: Switches[Name] }>
  audit(since: number): AuditEntry[]
  /** Throws `body-invalid` unless exactly one of serial and id is given, and `nothing-to-revoke`. */
  revoke(what: Revocable & { reason: RevocationReason }): { serials: string[] }
  joinToken(workload: string, reason: string): string
  /** A signed token for a user; the audit says for whom and what for, never the token. */
  token(wish: TokenWish): Promise<string>
  jwks(): { keys: TokenPolicy['keys'] }
  /** Makes a new signing key and begins to use it once every connected workload knows it; old tokens stay valid. */
  rotateTokenKey(): Promise<Applied>
  /** See {@link Issuer.faulty}: for experiments. */
  faulty(workload: string, asked: { csr: string; kinds: string[]; reason: string }): { chain: string; serial: string }
  /** Resolves when {@link ControlState} says settled. Rejects with the signal's reason. */
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
  userTokens: UserTokens
  /** Told after a revocation: the workload API closes what hangs on it. */
  onTrustChange: () => void
  ackTimeoutMs: number
  reportTimeoutMs: number
}

const who = 'operator'

export const createOperations = (options: OperationsOptions): Operations => {
  const { topology, store, fleet, publisher, issuer, rollout, onTrustChange, ackTimeoutMs, reportTimeoutMs } = options
  const { userTokens } = options
  const { intent, audit, tokens } = store
  const names = Object.keys(topology.workloads)

  const glance = createGlance({ topology, store, fleet, publisher, issuer })

  /** Recorded before anybody's acknowledgement is waited for: a change counts from the moment it is stored. */
  const apply = async (act: Omit<Act, 'who'>, change: () => void): Promise<Applied> => {
    audit.during({ who, ...act }, () => publisher.publish(change))
    const applied = () => names.every(name => !fleet.connected(name) || glance.upToDate(name))
    return fleet.until(applied, AbortSignal.timeout(ackTimeoutMs)).then(
      () => ({ acknowledged: true }),
      () => ({ acknowledged: false }),
    )
  }

  const report = (name: string, since: number) => fleet.report(name, since, reportTimeoutMs)

  return {
    switches: publisher.switches,
    async setSwitch(name, value) {
      const before = publisher.switches()[name]
      const change = () => intent.setSwitches({ ...intent.switches(), [name]: value })
      return { ...(await apply({ action: 'switch', target: name, detail: { value } }, change)), before }
    },
    async resetSwitch(name) {
      const before = publisher.switches()[name]
      const { [name]: _, ...others } = intent.switches()
      const act = { action: 'switch', target: name, detail: { value: 'default' } }
      return { ...(await apply(act, () => intent.setSwitches(others))), before }
    },
    state: glance.state,
    switchMode: (mode, stopAt, watch) =>
      audit.during({ who, action: 'mode', target: mode, detail: { from: intent.mode(), stopAt } }, () =>
        rollout.to(mode, stopAt === undefined ? { watch } : { watch, stopAt }),
      ),
    rollback: watch =>
      audit.during({ who, action: 'rollback', detail: { ...intent.rollout() } }, () => rollout.back(watch)),
    report,
    reports: async since =>
      Object.fromEntries(
        await Promise.all(Object.entries(since).map(async ([name, from]) => [name, await report(name, from)] as const)),
      ),
    setKeyLog: (name, keyLog) =>
      apply(
        { action: 'debug', target: name, detail: { sessionSecrets: keyLog } },
        () => void (keyLog ? publisher.keyLog.add(name) : publisher.keyLog.delete(name)),
      ),
    setVerify: (link, verify) =>
      apply({ action: 'verify', target: link, detail: { verify } }, () => {
        const others = intent.unverified().filter(id => id !== link)
        intent.setUnverified(verify ? others : [...others, link])
      }),
    setRoutes: routes => apply({ action: 'routes', detail: routes }, () => intent.setRoutes(routes)),
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
      fleet.expel(new Set(serials))
      return { serials }
    },
    joinToken: (workload, reason) =>
      audit.during({ who, action: 'join-token', target: workload, detail: { reason } }, () => tokens.issue(workload)),
    faulty: (workload, { csr, kinds, reason }) =>
      audit.during({ who, action: 'faulty-certificate', target: workload, detail: { kinds, reason } }, () =>
        issuer.faulty(workload, csr, kinds),
      ),
    token(wish) {
      const { subject, roles, audience, lifetimeS, ageS } = wish
      const detail = { roles, for: audience, lifetimeS, ageS }
      return audit.during({ who, action: 'user-token', target: subject, detail }, () => userTokens.issue(wish))
    },
    jwks: () => ({ keys: userTokens.keys() }),
    async rotateTokenKey() {
      const applied = await apply({ action: 'token-key', detail: { next: 'made known' } }, userTokens.prepare)
      if (applied.acknowledged)
        audit.during({ who, action: 'token-key', detail: { next: 'signs' } }, userTokens.promote)
      return applied
    },
    settled: signal => fleet.until(glance.settled, signal),
  }
}
