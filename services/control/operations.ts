import type { TokenPolicy } from '../chassis/desired.ts'
import type { Observations } from '../chassis/observation.ts'
import type { Address } from '../chassis/transport.ts'
import type { Mode } from '../modes.ts'
import type { Topology } from '../topology/topology.ts'
import type { Issuer, Lifetimes } from './certificates/issuer.ts'
import { createRevocation, type Rejoin, type Revocation } from './certificates/revocation.ts'
import type { Rotation, RotationWatch, RotationWish } from './certificates/rotation.ts'
import type { RotationOutcome, RotationSubject } from './certificates/rotation-steps.ts'
import type { TrustPublisher } from './certificates/trust-publisher.ts'
import type { CertificateRow, TrustState } from './certificates/trust-state.ts'
import type { TokenWish, UserTokens } from './certificates/user-tokens.ts'
import { type Applied, createChanges, who } from './changes.ts'
import type { Fleet } from './fleet.ts'
import { type ControlState, createGlance } from './glance.ts'
import type { BreakGlassRoom } from './rollout/break-glass.ts'
import type { SwitchWish } from './rollout/next-row.ts'
import type { Outcome, Watch } from './rollout/progress.ts'
import type { Publisher } from './rollout/publisher.ts'
import type { Rollout } from './rollout/rollout.ts'
import type { Switches, SwitchName } from './rollout/switches.ts'
import type { AuditEntry } from './state/audit.ts'
import type { Store } from './state/store.ts'

/** Everything an operator can do, audited. */
export type Operations = Revocation & {
  state(): ControlState
  switchMode(mode: Mode, wish: SwitchWish, watch: Watch): Promise<Outcome>
  rollback(watch: Watch): Promise<Outcome>
  report(name: string, since: number): Promise<Observations>
  /** Several reports at once, each since its own cursor. */
  reports(since: Record<string, number>): Promise<Record<string, Observations>>
  /** The next three resolve once every connected workload acknowledged, or with `acknowledged: false` after a while. */
  setKeyLog(name: string, keyLog: boolean): Promise<Applied>
  setVerify(link: string, verify: boolean): Promise<Applied>
  /** Where callers dial instead of their callee's own address, by link. */
  routes(): Record<string, Address>
  /** Replaces all routes. */
  setRoutes(routes: Record<string, Address>): Promise<Applied>
  switches(): Switches
  /** Changes one switch; `before` is what it was. */
  setSwitch<Name extends SwitchName>(name: Name, value: Switches[Name]): Promise<Applied & { before: Switches[Name] }>
  /** Sets one switch to what it is when nobody has set it. */
  resetSwitch<Name extends SwitchName>(name: Name): Promise<Applied & { before: Switches[Name] }>
  audit(since: number): AuditEntry[]
  /** Who trusts what. */
  trust(): TrustState
  /** See {@link Rotation}. */
  rotate(what: RotationSubject, wish: RotationWish, watch: RotationWatch): Promise<RotationOutcome>
  rotateBack(watch: RotationWatch): Promise<RotationOutcome>
  /** Every certificate that was issued, oldest first. */
  certificates(): CertificateRow[]
  /** Has a workload renew everything it holds; `acknowledged`: it did. Throws `workload-not-connected`: whoever is away is asked nothing. */
  renew(workload: string): Promise<Applied>
  joinToken(workload: string, reason: string): string
  /** A signed token for a user; the audit says for whom and what for, never the token. */
  token(wish: TokenWish): Promise<string>
  jwks(): { keys: TokenPolicy['keys'] }
  /** Makes a new signing key and begins to use it once every connected workload knows it; old tokens stay valid. */
  rotateTokenKey(): Promise<Applied>
  /** See {@link Issuer.faulty}: for experiments. */
  faulty(workload: string, asked: { csr: string; kinds: string[]; reason: string }): { chain: string; serial: string }
  /** Resolves when everybody did as told, and no rollout is under way but one that watches. Rejects with the signal's reason. */
  settled(signal: AbortSignal): Promise<void>
}

type OperationsOptions = {
  topology: Topology
  store: Store
  fleet: Fleet
  publisher: Publisher
  issuer: Issuer
  rollout: Rollout
  breakGlass: BreakGlassRoom
  rotation: Rotation
  userTokens: UserTokens
  trust: TrustPublisher
  lifetimes: Lifetimes
  rejoin: Rejoin
  ackTimeoutMs: number
  reportTimeoutMs: number
}

export const createOperations = (options: OperationsOptions): Operations => {
  const { store, fleet, publisher, issuer, trust, rollout, rotation, userTokens, reportTimeoutMs } = options
  const { intent, audit, tokens, ledger } = store
  const glance = createGlance(options)
  const { apply, applySwitch } = createChanges({ ...options, upToDate: glance.upToDate })

  const report = (name: string, since: number) => fleet.report(name, since, reportTimeoutMs)

  return {
    ...createRevocation({ ...options, upToDate: glance.upToDate }),
    switches: publisher.switches,
    async setSwitch(name, value) {
      const before = publisher.switches()[name]
      const change = () => intent.setSwitches({ ...intent.switches(), [name]: value })
      return { ...(await applySwitch({ action: 'switch', target: name, detail: { value } }, name, change)), before }
    },
    async resetSwitch(name) {
      const before = publisher.switches()[name]
      const { [name]: _, ...others } = intent.switches()
      const act = { action: 'switch', target: name, detail: { value: 'default' } }
      return { ...(await applySwitch(act, name, () => intent.setSwitches(others))), before }
    },
    state: glance.state,
    switchMode: (mode, wish, watch) => {
      const action = wish.guard || wish.canary ? 'rollout' : 'mode'
      return audit.throughout({ who, action, target: mode, detail: { from: intent.mode(), ...wish } }, () => {
        if (mode !== intent.mode()) options.breakGlass.forbid()
        rotation.forbid(`mode ${mode}`)
        return rollout.to(mode, { watch, ...wish })
      })
    },
    rollback: watch =>
      audit.throughout({ who, action: 'rollback', detail: { ...intent.rollout() } }, () => rollout.back(watch)),
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
    routes: intent.routes,
    setRoutes: routes => apply({ action: 'routes', detail: routes }, () => intent.setRoutes(routes)),
    audit: audit.since,
    trust: trust.state,
    rotate: (what, wish, watch) =>
      audit.throughout({ who, action: 'rotate', target: what, detail: { ...wish } }, () => {
        options.breakGlass.forbid()
        return rotation.to(what, wish, watch)
      }),
    rotateBack: watch =>
      audit.throughout({ who, action: 'rotate-back', detail: { ...intent.rotation() } }, () => rotation.back(watch)),
    certificates: ledger.rows,
    async renew(workload) {
      await fleet.present(workload)
      const { acknowledged } = await apply({ action: 'renew-now', target: workload }, () => {
        const epochs = intent.epochs()
        intent.setEpochs({ ...epochs, [workload]: (epochs[workload] ?? 0) + 1 })
      })
      // it may have gone away meanwhile, and whoever is away is not waited for
      return { acknowledged: acknowledged && glance.upToDate(workload) }
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
    settled: signal => fleet.until(glance.atRest, signal),
  }
}
