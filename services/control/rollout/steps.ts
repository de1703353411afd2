import type { Rule } from '../../chassis/desired.ts'
import { anyone } from '../../chassis/policy.ts'
import type { Topology } from '../../topology/topology.ts'
import { idle, type Plan, type Posture } from './plan.ts'

/** The steps from one plan to another. In between, every request finds both its ends willing. */
export type Step = 'widen' | 'move' | 'narrow'

export const steps: readonly Step[] = ['widen', 'move', 'narrow']

/**
 * Everyone's posture at one step.
 * widen: callees accept old and new; whoever will be called through gets his new upstreams early.
 * move: callers use the new way, and the ingress lets clients in the new way; old upstreams stay for requests under way.
 * narrow: callees accept only the new; old connections end. After it comes the settled plan, without the old rules.
 */
export const planAt = (step: Step, from: Plan, to: Plan, topology: Topology): Plan =>
  Object.fromEntries(
    Object.keys({ ...from, ...to }).map(name => {
      const old = from[name] ?? idle()
      const next = to[name] ?? idle()
      return [name, postureAt[step](old, next, name === topology.ingress.edge)]
    }),
  )

/** Undoing a rollout is a rollout the other way round, begun at the step whose posture is the one reached so far. */
export const reversed: Record<Step, Step> = { widen: 'narrow', move: 'move', narrow: 'widen' }

/** Old connections must be gone before these steps count as done. */
export const drains: Record<Step, boolean> = { widen: false, move: true, narrow: true }

const postureAt: Record<Step, (old: Posture, next: Posture, ingress: boolean) => Posture> = {
  widen: (old, next) => ({
    ...bothAccepted(old, next),
    upstreams: [...old.upstreams, ...missingFrom(old, next)],
    splices: old.splices,
  }),
  move: (old, next, ingress) => ({
    ...bothAccepted(old, next),
    // Clients must have left the old way before any callee behind the ingress stops serving it:
    // new connections only the new way, while requests on the old ones are still allowed until they are drained.
    ...(ingress ? { accepts: next.accepts } : {}),
    upstreams: [...next.upstreams, ...missingFrom(next, old)],
    splices: next.splices,
  }),
  // A connection that may not stay still gets the answer it waits for; who is settled drops the old rules.
  narrow: (old, next) => ({ ...next, rules: bothAccepted(old, next).rules }),
}

const bothAccepted = (old: Posture, next: Posture): Pick<Posture, 'accepts' | 'rules' | 'publicNames'> => ({
  accepts: union(old.accepts, next.accepts),
  rules: namedFirst(next.rules.reduce(mergeRule, old.rules)),
  publicNames: union(old.publicNames, next.publicNames),
})

// The first rule that allows is the one that counts: a caller with a rule of his own is not taken for anyone.
const namedFirst = (rules: Rule[]): Rule[] => [
  ...rules.filter(({ from }) => from !== anyone),
  ...rules.filter(({ from }) => from === anyone),
]

const mergeRule = (rules: Rule[], rule: Rule): Rule[] => {
  const same = (other: Rule) =>
    other.link === rule.link &&
    other.from === rule.from &&
    String(other.methods) === String(rule.methods) &&
    String(other.paths) === String(rule.paths)
  if (!rules.some(same)) return [...rules, rule]
  return rules.map(other => (same(other) ? { ...other, transports: union(other.transports, rule.transports) } : other))
}

const missingFrom = (here: Posture, there: Posture): Posture['upstreams'] =>
  there.upstreams.filter(upstream => !here.upstreams.some(({ link }) => link === upstream.link))

const union = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])]
