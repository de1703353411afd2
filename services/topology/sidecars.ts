import type { Problem } from './problems.ts'
import type { TopologyFile } from './schema.ts'
import { linkId, type Topology } from './topology.ts'

/** What a sidecar calls the application beside it (`WorkloadOptions.app`). */
const ownApplication = 'app'

/** Is this a sidecar's way to its own application, which leaves no workload? A workload may have that name, too. */
export const isWithin = ({ links }: Topology, workload: string, link: string): boolean =>
  link === linkId(workload, ownApplication) && !links.some(({ id }) => id === link)

/** A legacy workload only answers, and only in plaintext. */
export const legacyProblems = ({ workloads, ingress, links }: TopologyFile): Problem[] => {
  const legacy = (name: string) => workloads[name]!.legacy
  const problems: Problem[] = links.flatMap(({ from }, i) =>
    legacy(from)
      ? [{ path: ['links', i, 'from'], expected: 'a workload that is not legacy: those only answer', found: from }]
      : [],
  )
  for (const place of ['edge', 'passthroughTo'] as const) {
    if (!legacy(ingress[place])) continue
    problems.push({
      path: ['ingress', place],
      expected: 'a workload that can end TLS',
      found: `${ingress[place]}, which is legacy and speaks plaintext only`,
    })
  }
  return problems
}

/** Who can have a sidecar, and whom the application behind it can call. */
export const sidecarProblems = ({ workloads, links }: TopologyFile): Problem[] =>
  Object.entries(workloads).flatMap(([name, { program, legacy, sidecar }]): Problem[] => {
    const path = ['workloads', name, 'sidecar']
    if (legacy && sidecar === false)
      return [{ path, expected: 'true, or nothing: who is legacy cannot do without', found: 'false' }]
    if (!sidecar) return []
    if (program === 'edge')
      return [{ path, expected: 'nothing: the edge is where TLS ends, nobody can end it for the edge', found: 'true' }]
    const clash = links.findIndex(({ from, to }) => from === name && to === ownApplication)
    if (clash < 0) return []
    const expected = `a workload not called ${ownApplication}: behind a sidecar that is one's own application`
    return [{ path: ['links', clash, 'to'], expected, found: ownApplication }]
  })
