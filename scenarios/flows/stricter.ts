import { HopError } from '../../pki/error.ts'
import type { RolloutGuard } from '../../services/control/rollout/guard-settings.ts'
import type { Outcome } from '../../services/control/rollout/progress.ts'
import { usualHopsOf } from '../../services/hops.ts'
import type { Hop, Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { LabClient } from '../lab-client.ts'
import { isInner } from './hops.ts'

/** A change of mode that closes a link to plaintext; the link as it is before and after. */
export type Stricter = { lax: Mode; strict: Mode; before: Hop; after: Hop }

const laxest = 'edge-terminate-plaintext'
const strictest = 'mtls'

/** From the present mode to a stricter one, or to the present one from a laxer one; undefined where no two workloads talk. */
export const stricterFrom = (topology: Topology, present: Mode): Stricter | undefined => {
  const pairs: [Mode, Mode][] = [
    [present, strictest],
    [laxest, present],
    [laxest, strictest],
  ]
  for (const [lax, strict] of pairs) {
    const found = closedToPlaintext(topology, lax, strict)
    if (found) return found
  }
  return undefined
}

/** Why it cannot be tried on a topology at all. */
export const nobodyTalks = (topology: Topology): string | undefined =>
  stricterFrom(topology, strictest) ? undefined : 'no workload calls another one in it'

const closedToPlaintext = (topology: Topology, lax: Mode, strict: Mode): Stricter | undefined => {
  const later = usualHopsOf(topology, strict).filter(isInner)
  const takesPlaintext = (callee: string) =>
    later.some(({ link, transport }) => link.callee === callee && transport === 'plaintext')
  const before = usualHopsOf(topology, lax).findLast(
    hop =>
      isInner(hop) &&
      hop.transport === 'plaintext' &&
      !takesPlaintext(hop.link.callee) &&
      later.some(({ link }) => link.id === hop.link.id),
  )
  const after = later.find(({ link }) => link.id === before?.link.id)
  return before && after && { lax, strict, before, after }
}

/** How a guarded rollout ended: where, or as what it was refused. */
export type Ended = { outcome: Outcome; refused?: undefined } | { outcome?: undefined; refused: HopError }

/** Tries it, and tells a refusal from an end. */
export const tryRollout = async (lab: LabClient, mode: Mode, guard: Partial<RolloutGuard>): Promise<Ended> => {
  try {
    return { outcome: await lab.switchMode(mode, undefined, { guard }) }
  } catch (error) {
    if (error instanceof HopError) return { refused: error }
    throw error
  }
}

/** Does `work`, and leaves the lab settled in the mode it was in, however it ended. Throws `rollout-in-progress`. */
export const comingBack = async <Result>(lab: LabClient, work: (present: Mode) => Promise<Result>): Promise<Result> => {
  const { mode: present, rollout: held } = await lab.state()
  if (held)
    throw new HopError('rollout-in-progress', {
      field: 'lab',
      expected: 'no rollout under way',
      found: `one from ${held.from} to ${held.to}`,
      remedy: 'Finish it or roll it back first',
    })
  try {
    return await work(present)
  } finally {
    const { rollout } = await lab.state()
    if (rollout && rollout.to !== present) await lab.rollback()
    await lab.switchMode(present)
  }
}
