import { findLab } from '../../lab/state-file.ts'
import { HopError } from '../../pki/error.ts'
import type { SwitchWish } from '../../scenarios/lab-client.ts'
import type { ControlState } from '../../services/control/glance.ts'
import { mostObserveMs, type RolloutGuard } from '../../services/control/rollout/guard-settings.ts'
import type { Mode } from '../../services/modes.ts'
import { alone } from '../alone.ts'
import { choose, chooseMode } from '../choice.ts'
import { type Context, withLab } from '../command.ts'
import { inOwnWords } from '../own-words.ts'
import { readDuration } from '../since.ts'
import { tellSwitch } from './mode.ts'

export type RolloutWords = { step?: boolean; canary?: string[]; maxErrorRate?: string; observe?: string }

/** Goes to a mode guarded: holds while callers remain that would break, and goes back by itself when errors pile up. */
export const rollout = async (context: Context, word: string, words: RolloutWords): Promise<number> => {
  const mode = chooseMode(word)
  const guard = readGuard(words)
  findLab(context.stateDir)
  return alone(context.stateDir, () =>
    withLab(context, async lab => {
      const names = Object.keys(lab.topology.workloads)
      const canary = words.canary
        ? { canary: words.canary.map(name => choose('workload', name, names, '--canary')) }
        : {}
      const stopAt = words.step ? nextStop(await lab.state(), mode, words.canary) : undefined
      const wish: SwitchWish = { guard, ...canary, ...(stopAt && { stopAt }) }
      return tellSwitch(
        context,
        mode,
        onProgress => inOwnWords({ canary: '--canary' }, lab.switchMode(mode, onProgress, wish)),
        'hop rollout',
      )
    }),
  )
}

/** Where one step more ends; undefined: in the mode itself. */
const nextStop = ({ rollout }: Pick<ControlState, 'rollout'>, mode: Mode, canary: string[] | undefined) => {
  if (!rollout || rollout.to !== mode) return 'widen'
  const { step, reached } = rollout
  const forAll = rollout.canary !== null && canary === undefined
  if (forAll) return 'widen'
  if (step === 'widen') return reached ? 'move' : 'widen'
  return canary || (step === 'move' && !reached) ? 'move' : undefined
}

const readGuard = ({ maxErrorRate, observe }: RolloutWords): Partial<RolloutGuard> => {
  const errorRate = maxErrorRate === undefined ? undefined : Number(/^(\d{1,3}(?:\.\d+)?)%$/.exec(maxErrorRate)?.[1])
  if (errorRate !== undefined && !(errorRate <= 100))
    throw usage('--max-error-rate', 'a share such as 2% or 0.5%', maxErrorRate)
  const observeMs = observe === undefined ? undefined : readDuration(observe)
  if (observe !== undefined && (observeMs === undefined || observeMs > mostObserveMs))
    throw usage('--observe', 'a time such as 500ms, 2s or 1m, 4m at most', observe)
  return {
    ...(errorRate === undefined ? {} : { errorRate: errorRate / 100 }),
    ...(observeMs === undefined ? {} : { observeMs }),
  }
}

const usage = (field: string, expected: string, found = 'nothing') =>
  new HopError('usage', {
    field,
    expected,
    found: JSON.stringify(found.slice(0, 100)),
    remedy: 'hop rollout --help has an example',
  })
