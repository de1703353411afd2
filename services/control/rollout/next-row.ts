import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import { checkCanary } from './canary.ts'
import { type RolloutWish, usualGuard } from './guard-settings.ts'
import { canaryUnderWay } from './problems.ts'
import type { Step } from './steps.ts'

/** What an operator wants of a rollout; see {@link RolloutWish}. `stopAt`: it holds after that step. */
export type SwitchWish = RolloutWish & { stopAt?: Step }

type Now = { topology: Topology; settled: Mode; row: RolloutRow | undefined }

/** Where a rollout to `mode` begins, or goes on from where one is. Throws `canary-invalid`. */
export const nextRow = ({ topology, settled, row }: Now, mode: Mode, wish: SwitchWish): RolloutRow => {
  const { stopAt } = wish
  const canary = wish.canary && [...new Set(wish.canary)]
  if (canary) checkCanary(topology, settled, mode, canary)
  const next = row ? goneOn(row, settled, canary) : { ...begun(settled, mode), canary: canary ?? null }
  return {
    ...next,
    stopAt: stopAt ?? (canary ? 'move' : null),
    guard: wish.guard ? { ...usualGuard, ...wish.guard } : null,
  }
}

const begun = (from: Mode, to: Mode): RolloutRow => ({
  ...{ from, to, step: 'widen', stopAt: null, reached: false, guard: null, canary: null, moved: [] },
})

const goneOn = (row: RolloutRow, settled: Mode, canary: string[] | undefined): RolloutRow => {
  const before = row.canary
  const goesBack = row.to === settled
  if (canary && (goesBack || !before?.every(name => canary.includes(name)))) throw canaryUnderWay(row, canary)
  if (!before || goesBack || canary?.length === before.length) return row
  // the way of those who went first is open already, once they have gone
  return {
    ...row,
    step: 'widen',
    reached: false,
    canary: canary ?? null,
    moved: row.step === 'move' ? before : row.moved,
  }
}
