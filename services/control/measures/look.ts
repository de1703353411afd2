import type { Observations } from '../../chassis/observation.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Operations } from '../operations.ts'
import type { Ledger } from '../state/ledger.ts'
import type { Seen } from './metric.ts'
import { createMirror } from './mirror.ts'
import { lastReached, sinceTime } from './reach.ts'

type Parts = {
  topology: Topology
  operations: Pick<Operations, 'state' | 'report' | 'trust' | 'switches' | 'audit'>
  ledger: Pick<Ledger, 'rows'>
  clock: () => number
}

/** How far back records of connections count, ms. */
const windowMs = 300_000

/** Of a workload that is away, the certificate that ran out so long ago or less is told, ms. */
const rememberedMs = 24 * 3_600_000

/** Looks at the whole lab from the control plane, as `seeAll` does from outside. Who asks while it looks is told the same. */
export const createLook = ({ topology, operations, ledger, clock }: Parts): (() => Promise<Seen>) => {
  const mirror = createMirror(operations.report)
  let reached: number | null = null
  let audited = 0
  let looking: Promise<Seen> | undefined

  const reachedNow = (): number | null => {
    for (;;) {
      const entries = operations.audit(audited)
      reached = lastReached(entries) ?? reached
      audited = entries.at(-1)?.id ?? audited
      if (entries.length < 1000) return reached
    }
  }

  const look = async (): Promise<Seen> => {
    const before = operations.state()
    const asked = clock()
    const came: number[] = []
    const read = async (name: string): Promise<[string, Observations][]> => {
      const report = await mirror.read(name)
      if (report) came.push(clock())
      return report ? [[name, report]] : []
    }
    const told = await Promise.all(before.workloads.filter(({ connected }) => connected).map(({ name }) => read(name)))
    const from = new Date(Math.max(asked - windowMs, reachedNow() ?? 0)).toISOString()
    const { mode, rollout, breakGlass, workloads, hops } = operations.state()
    const moved = before.mode === mode ? null : { from: before.mode, to: mode }
    return {
      ...{ topology, mode, workloads, hops },
      now: (asked + (came[0] ?? asked)) / 2,
      reports: Object.fromEntries(told.flat().map(([name, report]) => [name, sinceTime(report, from)])),
      rollout: before.rollout ?? rollout ?? moved,
      breakGlass: breakGlass ?? null,
      renewal: operations.switches().renewal,
      trust: operations.trust(),
      certificates: ledger.rows(asked - rememberedMs),
    }
  }

  return () => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}
