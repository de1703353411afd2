import type { JsonWebKey } from 'node:crypto'
import type { LabAccess } from '../lab/embedded.ts'
import type { RevocationReason } from '../pki/crl.ts'
import { HopError } from '../pki/error.ts'
import type { Observations } from '../services/chassis/observation.ts'
import type { ProblemDetails } from '../services/control/api/problem.ts'
import type { TokenWish } from '../services/control/certificates/user-tokens.ts'
import type { Applied } from '../services/control/changes.ts'
import type { ControlState } from '../services/control/glance.ts'
import type { RolloutWish } from '../services/control/rollout/guard-settings.ts'
import type { Outcome, Progress } from '../services/control/rollout/progress.ts'
import type { Step } from '../services/control/rollout/steps.ts'
import type { Switches, SwitchName } from '../services/control/rollout/switches.ts'
import type { AuditEntry } from '../services/control/state/audit.ts'
import type { Mode } from '../services/modes.ts'
import type { Topology } from '../services/topology/topology.ts'
import { addressTowards, createLabHttp, errorOf } from './lab-http.ts'
import { createLifecycleClient, type LifecycleClient } from './lifecycle-client.ts'
import { type TapClient, tapClient } from './tap-client.ts'
import { createInsiderCredentials, type InsiderCredentials } from './tools/insider-credentials.ts'

/**
 * A running lab as everybody above it sees it: over its operator API, its wire and its public address, never from
 * inside. Embedded and compose labs look the same. Every method rejects with a HopError: `lab-not-running`, `wire-off`,
 * or the code the lab refused with (`operator-token`, `workload-unknown`, `rollout-in-progress` …).
 */
export type LabClient = {
  access: LabAccess
  /** Where this client listens so that the wire reaches it: the address it has on the way there. */
  standsAt: string
  topology: Topology
  state(): Promise<ControlState>
  /** Certificates, trust and strictness. */
  lifecycle: LifecycleClient
  /** With a guard or a canary it is a guarded rollout; `stopAt` holds after that step. */
  switchMode(mode: Mode, onProgress?: (progress: Progress) => void, wish?: SwitchWish): Promise<Outcome>
  /** Back to where the rollout under way came from. */
  rollback(onProgress?: (progress: Progress) => void): Promise<Outcome>
  /** Records after the cursor `since`; all that are still held without it. */
  report(workload: string, since?: number): Promise<Observations>
  /** The same of several workloads at once, each after its own cursor. */
  reports(since: Record<string, number>): Promise<Record<string, Observations>>
  keyLog(workload: string, on: boolean): Promise<void>
  verify(link: string, on: boolean): Promise<void>
  switches(): Promise<Switches>
  /** Changes one switch everywhere, answers what it was. */
  setSwitch<Name extends SwitchName>(name: Name, value: Switches[Name]): Promise<Switches[Name]>
  /** Sets one switch to its default everywhere, answers what it was. */
  resetSwitch<Name extends SwitchName>(name: Name): Promise<Switches[Name]>
  joinToken(workload: string, reason: string): Promise<string>
  /** A signed token for a user. Only the subject has no default. */
  token(wish: Partial<TokenWish> & { subject: string }): Promise<string>
  /** The public keys that tokens are checked by. */
  jwks(): Promise<{ keys: JsonWebKey[] }>
  revoke(what: ({ serial: string } | { id: string }) & { reason: RevocationReason }): Promise<string[]>
  audit(since?: number): Promise<AuditEntry[]>
  wire(link: string): TapClient
  /** Certificates a scenario's insider uses. Made when first asked for. */
  credentials: InsiderCredentials
  /** Revokes what was stolen, then hangs up. */
  close(): Promise<void>
}

/** How a rollout goes; see `RolloutWish`. */
export type SwitchWish = RolloutWish & { stopAt?: Step }

/** Asks the lab for its topology, which proves that it runs and that the token is right. */
export const connectLab = async (access: LabAccess): Promise<LabClient> => {
  const operator = createLabHttp(access.operator, access.token)
  const wire = access.wire === null ? undefined : createLabHttp(access.wire, access.token)
  const hangUp = async () => {
    await Promise.all([operator.close(), wire?.close()])
  }
  const topology = await operator.json<Topology>('GET', '/api/topology').catch(async error => {
    await hangUp()
    throw error
  })
  const standsAt = await addressTowards(access.wire ?? access.operator).catch(async error => {
    await hangUp()
    throw error
  })
  const state = () => operator.json<ControlState>('GET', '/api/state')
  const joinToken = async (workload: string, reason: string) => {
    const { token } = await operator.json<{ token: string }>('POST', '/api/join-tokens', { workload, reason })
    return token
  }
  const revoke: LabClient['revoke'] = async what => {
    const { serials } = await operator.json<{ serials: string[] }>('POST', '/api/revoke', what)
    return serials
  }
  const lifecycle = createLifecycleClient(operator)
  const credentials = createInsiderCredentials({
    trustDomain: topology.trustDomain,
    control: access.control,
    bundle: async () => (await state()).bundle,
    joinToken,
    issuer: async () =>
      (await lifecycle.trust()).authorities.find(ca => ca.active && ca.kind === 'workloads')?.id ?? '',
    async certifyFaulty(workload, kinds, csr, reason) {
      const asked = { workload, kinds, csr, reason }
      return (await operator.json<{ chain: string }>('POST', '/api/faulty-certificates', asked)).chain
    },
    revoke: async serials =>
      applied(await lifecycle.revoke({ serials, reason: 'keyCompromise' }), 'the revocation of what was stolen'),
  })
  return {
    access,
    standsAt,
    topology,
    state,
    lifecycle,
    switchMode: (mode, onProgress, wish = {}) =>
      rollOut(operator.lines('PUT', '/api/mode', { mode, ...wish }), onProgress),
    rollback: onProgress => rollOut(operator.lines('POST', '/api/rollout/rollback'), onProgress),
    report: (workload, since = 0) => operator.json('GET', `/api/workloads/${part(workload)}/report?since=${since}`),
    reports: since => operator.json('POST', '/api/reports', { since }),
    async keyLog(workload, on) {
      const path = `/api/workloads/${part(workload)}/debug`
      applied(await operator.json<Applied>('PUT', path, { keyLog: on }), `the debug session of ${workload}`)
    },
    async verify(link, on) {
      const path = `/api/links/${part(link)}/verify`
      applied(await operator.json<Applied>('PUT', path, { verify: on }), `verification on ${link}`)
    },
    switches: () => operator.json('GET', '/api/switches'),
    async setSwitch<Name extends SwitchName>(name: Name, value: Switches[Name]) {
      type Set = Applied & { before: Switches[Name] }
      const { before, ...rest } = await operator.json<Set>('PUT', `/api/switches/${part(name)}`, { value })
      applied(rest, `the switch ${name}`)
      return before
    },
    async resetSwitch<Name extends SwitchName>(name: Name) {
      type Set = Applied & { before: Switches[Name] }
      const { before, ...rest } = await operator.json<Set>('POST', `/api/switches/${part(name)}/reset`)
      applied(rest, `the switch ${name}`)
      return before
    },
    joinToken,
    async token(wish) {
      const { token } = await operator.json<{ token: string }>('POST', '/api/tokens', wish)
      return token
    },
    jwks: () => operator.json('GET', '/api/jwks'),
    revoke,
    audit: (since = 0) => operator.json('GET', `/api/audit?since=${since}`),
    wire(link) {
      if (wire) return tapClient(wire, link)
      throw new HopError('wire-off', {
        field: 'wire',
        expected: `a tap on ${link}`,
        found: 'a lab started without its wire',
        remedy: 'Start the lab without --no-wire',
      })
    },
    credentials,
    async close() {
      await credentials.close()
      await hangUp()
    },
  }
}

type LastLine = { done: true; mode: Mode; heldAt?: Outcome['heldAt'] } | { done: false; problem: ProblemDetails }

const rollOut = async (lines: AsyncGenerator<unknown>, onProgress: (progress: Progress) => void = () => {}) => {
  for await (const line of lines) {
    const said = line as Progress | LastLine
    if ('type' in said) onProgress(said)
    else if (said.done) return { mode: said.mode, ...(said.heldAt === undefined ? {} : { heldAt: said.heldAt }) }
    else throw errorOf(said.problem)
  }
  throw new HopError('lab-gone', { message: 'The lab went away during the rollout' })
}

const applied = ({ acknowledged }: Applied, what: string): void => {
  if (acknowledged) return
  const found = 'some workload did not acknowledge in time'
  throw new HopError('not-acknowledged', { field: what, expected: 'in effect everywhere', found })
}

const part = encodeURIComponent
