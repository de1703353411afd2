import type { Topology } from '../../topology/topology.ts'
import type { Fleet } from '../fleet.ts'
import type { Intent } from '../state/intent.ts'
import { everybody } from '../waiting.ts'
import { notAcknowledged, notApplied } from './problems.ts'
import type { Publisher } from './publisher.ts'
import { drains, type Step } from './steps.ts'

/** Who did what a step asks of him. */
export type Acknowledgements = {
  /** Workloads of the topology that have registered. */
  registered(): string[]
  /** Those who have yet to do it. */
  behind(step: Step): string[]
  /** Those who said that they cannot. */
  refused(): string[]
  /** Resolves when nobody is behind. Throws the signal's reason, `rollout-timeout` and `rollout-refused`. */
  of(step: Step, signal: AbortSignal, timeoutMs: number | undefined): Promise<void>
}

type Options = { topology: Topology; intent: Intent; fleet: Fleet; publisher: Publisher }

export const createAcknowledgements = ({ topology, intent, fleet, publisher }: Options): Acknowledgements => {
  const registered = () => Object.keys(intent.addresses()).filter(name => Object.hasOwn(topology.workloads, name))

  const behind = (step: Step): string[] =>
    registered().filter(name => {
      const ack = fleet.acked(name)
      const version = publisher.version(name)
      return !ack || ack.version < version || !ack.ok || (drains[step] && !ack.drained)
    })

  const refused = (): string[] =>
    registered().filter(name => {
      const ack = fleet.acked(name)
      return ack !== undefined && !ack.ok && ack.version === publisher.version(name)
    })

  const describe = (name: string): string => {
    if (!fleet.connected(name)) return `${name} (not connected)`
    const ack = fleet.acked(name)
    const answered = ack?.ok && ack.version >= publisher.version(name)
    return answered ? `${name} (still draining)` : name
  }

  return {
    registered,
    behind,
    refused,
    of: (step, signal, timeoutMs) =>
      everybody(
        fleet,
        {
          behind: () => behind(step),
          refused,
          late: (missing, ms, cause) => notAcknowledged(step, missing.map(describe), ms, cause),
          cannot: names => notApplied(step, names, name => fleet.acked(name)?.error),
        },
        signal,
        timeoutMs,
      ),
  }
}
