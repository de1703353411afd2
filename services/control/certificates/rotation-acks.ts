import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Publisher } from '../rollout/publisher.ts'
import type { Intent } from '../state/intent.ts'
import { everybody } from '../waiting.ts'
import { notPossible, notTaken } from './rotation-problems.ts'
import type { RotationStep } from './rotation-steps.ts'
import type { TrustPublisher } from './trust-publisher.ts'

type Parts = { topology: Topology; intent: Intent; fleet: Fleet; publisher: Publisher; trust: TrustPublisher }

/** Who did what a step of a rotation asks of him. */
export type RotationAcks = {
  behind(step: RotationStep): string[]
  refused(): string[]
  /** Resolves when nobody is behind. Throws the signal's reason, `rotation-timeout` and `rotation-refused`. */
  of(step: RotationStep, signal: AbortSignal, timeoutMs: number | undefined): Promise<void>
}

export const createRotationAcks = ({ topology, intent, fleet, publisher, trust }: Parts): RotationAcks => {
  const registered = () => Object.keys(intent.addresses()).filter(name => Object.hasOwn(topology.workloads, name))

  const obeys = (name: string): boolean => {
    const ack = fleet.acked(name)
    return ack?.ok === true && ack.version >= publisher.version(name)
  }

  /** Its certificates are as new as it was told. */
  const renewed = (name: string): boolean => obeys(name) && fleet.acked(name)?.drained === true

  const did: Record<RotationStep, (name: string) => boolean> = {
    trust: name => trust.holds(name),
    reissue: name => trust.holds(name) && renewed(name),
    distrust: name => trust.holds(name, true),
  }

  const behind = (step: RotationStep) => registered().filter(name => !did[step](name))

  const orderRefused = () =>
    registered().filter(name => {
      const ack = fleet.acked(name)
      return ack !== undefined && !ack.ok && ack.version === publisher.version(name)
    })

  const trustRefused = () =>
    registered().filter(name => {
      const ack = fleet.trustAcked(name)
      return ack !== undefined && !ack.ok && ack.version === trust.version()
    })

  const describe = (name: string): string => {
    if (!fleet.connected(name)) return `${name} (not connected)`
    if (trust.withheld(name)) return `${name} (trust is withheld from it)`
    if (!trust.holds(name)) return `${name} (has not taken the trust given out)`
    if (!obeys(name)) return `${name} (has not renewed)`
    return `${name} (still draining)`
  }

  return {
    behind,
    refused: orderRefused,
    of: (step, signal, timeoutMs) =>
      everybody(
        fleet,
        {
          behind: () => behind(step),
          refused: () => [...new Set([...(step === 'reissue' ? orderRefused() : []), ...trustRefused()])],
          late: (missing, ms, cause) => notTaken(step, missing.map(describe), ms, cause),
          cannot: names =>
            notPossible(
              step,
              names.map(
                name => `${name}: ${fleet.trustAcked(name)?.error ?? fleet.acked(name)?.error ?? 'no reason given'}`,
              ),
            ),
        },
        signal,
        timeoutMs,
      ),
  }
}
