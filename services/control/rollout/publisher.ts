import type { Desired, TokenPolicy } from '../../chassis/desired.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Store } from '../state/store.ts'
import { planDuring } from './during.ts'
import { type Plan, planOf, resolve, type Unversioned, workloadId } from './plan.ts'
import { relaxed } from './relaxed.ts'
import { defaultSwitches, type Switches } from './switches.ts'

/** Who signs users' tokens, and the public keys to check them by (JWK). */
export type TokenKeys = { issuer: string; keys(): TokenPolicy['keys'] }

const noTokens: TokenKeys = { issuer: '', keys: () => [] }

/** Turns what the operator wants into what each workload is told. */
export type Publisher = {
  /**
   * Makes `change` and stores what follows from it for each workload in one transaction, then sends it.
   * Only workloads for which something changed get a new version; those in `again` get one regardless.
   */
  publish(change?: () => void, again?: readonly string[]): void
  /** The last state published to a workload of the topology. */
  current(name: string): Desired | undefined
  /** Its version; 0 before the first. */
  version(name: string): number
  /** The switches as they stand, defaults included. */
  switches(): Switches
  /** As they stand when nobody has set one. */
  defaults: Switches
  /** Debug sessions end with the process: they are not stored. */
  keyLog: Set<string>
  /** A version some workload applied under a state now lost; versions go on above it. */
  seen(version: number): void
}

export const createPublisher = (
  topology: Topology,
  store: Store,
  fleet: Fleet,
  defaults: Switches = defaultSwitches(topology),
  tokens: TokenKeys = noTokens,
): Publisher => {
  const { intent } = store
  const keyLog = new Set<string>()
  let floor = 0

  const plan = (): Plan => {
    const row = intent.rollout()
    if (!row) return planOf(topology, intent.mode())
    return planDuring(row, intent.mode(), topology)
  }

  /** Where the public enters: in the middle of a rollout, to its last step, wherever it did or will. */
  const ingresses = (): string[] => {
    const row = intent.rollout()
    const settled = (row ? [row.from, row.to] : [intent.mode()]).map(mode => planOf(topology, mode))
    return Object.keys(topology.workloads)
      .filter(name => settled.some(postures => postures[name]!.publicNames.length > 0))
      .map(name => workloadId(topology, name))
  }

  return {
    keyLog,
    defaults,
    switches: () => ({ ...defaults, ...intent.switches() }),
    seen(version) {
      if (version <= mostSeen) floor = Math.max(floor, version)
    },
    current: name => intent.published(name),
    version: name => intent.publishedVersion(name),
    publish(change, again = []) {
      const fresh = store.transaction(() => {
        change?.()
        const now = {
          addresses: intent.addresses(),
          sources: intent.sources(),
          routes: intent.routes(),
          unverified: intent.unverified(),
          keyLog: [...keyLog],
          switches: { ...defaults, ...intent.switches() },
          epochs: intent.epochs(),
          tokens: { issuer: tokens.issuer, keys: tokens.keys(), asserters: ingresses() },
        }
        const glass = intent.breakGlass()
        const changed: [string, Desired][] = []
        for (const [name, posture] of Object.entries(plan())) {
          const wanted = relaxed(resolve(topology, name, posture, now), glass)
          const before = intent.published(name)
          if (before && same(before, wanted) && !again.includes(name)) continue
          const desired = { ...wanted, version: intent.nextVersion(floor) }
          intent.publish(name, desired)
          changed.push([name, desired])
        }
        return changed
      })
      for (const [name, desired] of fresh) fleet.send(name, { type: 'desired', desired })
    },
  }
}

/** Far above what honest use reaches, far below what a version may be: nobody can use the numbers up by claiming the last. */
const mostSeen = 1e11

const same = ({ version: _, ...before }: Desired, wanted: Unversioned): boolean =>
  JSON.stringify(sorted(before)) === JSON.stringify(sorted(wanted))

/** Field order is not a difference. */
const sorted = (value: object): object => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
