import { isDeepStrictEqual } from 'node:util'
import { HopError } from '../../../pki/error.ts'
import type { Mode } from '../../modes.ts'
import type { Topology } from '../../topology/topology.ts'
import { type Plan, planOf } from './plan.ts'

/** One plan but for the links into some workloads, which go as in the other; both have the same ingress. */
export const mixed = (base: Plan, other: Plan, into: readonly string[]): Plan =>
  Object.fromEntries(
    Object.entries(base).map(([name, posture]) => {
      const there = other[name] ?? posture
      const upstreams = posture.upstreams.map(upstream =>
        into.includes(upstream.callee)
          ? (there.upstreams.find(({ link }) => link === upstream.link) ?? upstream)
          : upstream,
      )
      const { accepts, rules } = into.includes(name) ? there : posture
      return [name, { ...posture, accepts, rules, upstreams }]
    }),
  )

/** Throws `canary-invalid` where these workloads cannot go first from one mode to the other. */
export const checkCanary = (topology: Topology, from: Mode, to: Mode, canary: readonly string[]): void => {
  const [old, next] = [planOf(topology, from), planOf(topology, to)]
  const names = Object.keys(topology.workloads)
  const ingressChanges = names.some(
    name =>
      !isDeepStrictEqual([old[name]?.publicNames, old[name]?.splices], [next[name]?.publicNames, next[name]?.splices]),
  )
  if (ingressChanges) throw invalid(`a mode with the ingress of ${from}`, `${to}, in which clients come in another way`)
  const changing = names.filter(name => !isDeepStrictEqual(old[name]?.accepts, next[name]?.accepts))
  const expected = changing.length > 0 ? changing.join(', ') : `nothing: no link changes from ${from} to ${to}`
  const strangers = canary.filter(name => !changing.includes(name))
  if (canary.length === 0 || strangers.length > 0) throw invalid(expected, strangers.join(', ') || 'none')
}

const invalid = (expected: string, found: string) =>
  new HopError('canary-invalid', { field: 'canary', expected, found: found.slice(0, 300) })
