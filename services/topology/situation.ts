import type { NeedId } from './needs.ts'
import type { Problem } from './problems.ts'
import type { TopologyFile } from './schema.ts'

/** A need that nothing in the topology could fail to meet says nothing about a mode. */
export const needProblems = ({ situation, workloads, zones, links }: TopologyFile): Problem[] => {
  const zoneOf = (name: string) => workloads[name]!.zone
  const intoSensitive = links.some(({ from, to }) => zoneOf(from) !== zoneOf(to) && zones[zoneOf(to)]!.sensitive)
  const missing = {
    'legacy-served': Object.values(workloads).some(({ legacy }) => legacy) ? undefined : 'a legacy workload',
    'callers-proven-into-sensitive': intoSensitive ? undefined : 'a link into a sensitive zone',
  } as Partial<Record<NeedId, string>>
  return (situation?.needs ?? []).flatMap((need, i) =>
    missing[need] === undefined
      ? []
      : [
          {
            path: ['situation', 'needs', i],
            expected: `a need of this topology: it has not got ${missing[need]}`,
            found: need,
          },
        ],
  )
}
