import type { Transport } from '../../chassis/transport.ts'
import { type BreakGlassRow, calleeGraceMs } from './break-glass-state.ts'
import type { Unversioned } from './plan.ts'

/**
 * What a workload is told while one link is relaxed, from what it would be told otherwise: the link's caller sends by the
 * weaker transport, its callee takes that too, under this link's rule and no other. Everybody else is told nothing new.
 */
export const relaxed = (wanted: Unversioned, row: BreakGlassRow | undefined): Unversioned => {
  if (!row) return wanted
  const { link, transport, until, phase } = row
  const ends = (at: number) => ({ relaxed: { until: new Date(at).toISOString(), afterwards: wanted } })
  if (wanted.rules.some(rule => rule.link === link))
    return {
      ...wanted,
      accepts: withOne(wanted.accepts, transport),
      rules: wanted.rules.map(rule =>
        rule.link === link ? { ...rule, transports: withOne(rule.transports, transport) } : rule,
      ),
      ...ends(until + calleeGraceMs),
    }
  if (phase === 'open' && wanted.upstreams.some(upstream => upstream.link === link))
    return {
      ...wanted,
      upstreams: wanted.upstreams.map(upstream => (upstream.link === link ? { ...upstream, transport } : upstream)),
      ...ends(until),
    }
  return wanted
}

const withOne = (transports: readonly Transport[], one: Transport): Transport[] => [...new Set([...transports, one])]
