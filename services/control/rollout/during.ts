import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { RolloutRow } from '../state/rollout-row.ts'
import { mixed } from './canary.ts'
import { type Plan, planOf } from './plan.ts'
import { planAt, reversed } from './steps.ts'

/** Everyone's posture while a rollout is at its step. `settled`: the mode it came from, or is going back to. */
export const planDuring = (row: RolloutRow, settled: Mode, topology: Topology): Plan => {
  const { from, to, step, canary, moved } = row
  const [old, next] = [planOf(topology, from), planOf(topology, to)]
  if (canary && settled === to) return planAt(step, mixed(next, old, canary), next, topology)
  const end = canary ? mixed(old, next, canary) : next
  const plan = planAt(step, old, end, topology)
  // who went first stays where he is while the others are widened
  return step === 'widen' && moved.length > 0
    ? mixedUpstreams(plan, planAt('move', old, mixed(old, next, moved), topology))
    : plan
}

const mixedUpstreams = (plan: Plan, ahead: Plan): Plan =>
  Object.fromEntries(
    Object.entries(plan).map(([name, posture]) => [name, { ...posture, upstreams: ahead[name]?.upstreams ?? [] }]),
  )

/** Back from wherever a rollout is, by steps that meet everybody as he is now. */
export const backFrom = ({ from, to, step, canary, moved }: RolloutRow): RolloutRow => ({
  from: to,
  to: from,
  // callers that went first must come back before anybody closes their way
  step: step === 'widen' && moved.length > 0 ? 'move' : reversed[step],
  stopAt: null,
  reached: false,
  guard: null,
  canary: canary ?? null,
  moved: [],
})
