import type { LabAccess } from '../lab/embedded.ts'
import { findLab } from '../lab/state-file.ts'
import { HopError } from '../pki/error.ts'
import { setSwitches } from '../scenarios/flows/switched.ts'
import { interferedLinks, restoringWire } from '../scenarios/flows/wire.ts'
import { connectLab, type LabClient } from '../scenarios/lab-client.ts'
import type { ControlState } from '../services/control/glance.ts'
import type { Switches } from '../services/control/rollout/switches.ts'
import { alone } from './alone.ts'
import type { Context } from './command.ts'
import { takeInterrupts } from './interrupts.ts'
import { switchedLines } from './render/switches.ts'

/** How a lab stood before experiments were made on it. */
export type Stand = { switches: Switches; state: ControlState }

/**
 * Experiments with the running lab. Whoever interrupts them gets the lab back as it stood, as far as that takes no longer
 * than anybody would wait; then it throws `interrupted`. Else throws as {@link findLab}, {@link alone} and connectLab do.
 */
export const withLabKept = async <Result>(
  context: Context,
  work: (lab: LabClient) => Promise<Result>,
): Promise<Result> => {
  findLab(context.stateDir)
  return alone(context.stateDir, () => kept(context, work))
}

const kept = async <Result>(context: Context, work: (lab: LabClient) => Promise<Result>): Promise<Result> => {
  const { access } = findLab(context.stateDir)
  const lab = await connectLab(access)
  try {
    const before = await standOf(lab)
    for (const line of switchedLines(before.state.switched, context.screen)) context.screen.aside(line)
    const interrupts = takeInterrupts()
    const working = work(lab)
    working.catch(() => {})
    const done = await Promise.race([working.then(result => ({ result })), interrupts.ended])
    if (typeof done === 'object') return done.result
    // first, so that what was interrupted cannot switch anything any more
    await lab.close()
    await Promise.race([putBack(access, before), interrupts.patience()])
    throw new HopError('interrupted', {
      message: 'interrupted; what was switched for the experiment was set back',
      remedy: 'hop state shows how the lab stands',
    })
  } finally {
    await lab.close()
  }
}

/** How a lab stands now. */
export const standOf = async (lab: LabClient): Promise<Stand> => ({
  switches: await lab.switches(),
  state: await lab.state(),
})

/**
 * Puts a lab back as it stood: what leaves it open first, its mode last. Never rejects; what cannot be put back shows in its
 * state, or is told by the doctor.
 */
export const putBack = async (access: LabAccess, { switches, state }: Stand): Promise<void> => {
  try {
    const lab = await connectLab(access)
    try {
      for (const link of await interferedLinks(lab)) await restoringWire(lab, link, async () => {})
      await setSwitches(lab, switches)
      const now = await lab.state()
      if (now.breakGlass && !state.breakGlass) await lab.lifecycle.endBreakGlass()
      for (const { link, verify } of now.hops)
        if (!verify && state.hops.some(hop => hop.link === link && hop.verify)) await lab.verify(link, true)
      for (const name of awayOf(now)) if (!awayOf(state).includes(name)) await lab.lifecycle.reenrol(name)
      if (now.rotation && !state.rotation) await lab.lifecycle.rotateBack()
      if (state.rollout) return
      if (now.rollout) await lab.rollback()
      await lab.switchMode(state.mode)
    } finally {
      await lab.close()
    }
  } catch {
    // a lab that is gone, or in mid-rollout
  }
}

/** A workload whose certificates ended in an experiment is out until it is let in again. */
const awayOf = ({ workloads }: ControlState): string[] =>
  workloads.filter(({ connected }) => !connected).map(({ name }) => name)
