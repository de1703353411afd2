import type { Observations } from '../../services/chassis/observation.ts'
import { sinceTime } from '../../services/control/measures/reach.ts'
import { presence } from '../flows/presence.ts'
import { recordsSince } from '../flows/records.ts'
import { reachedAt } from '../gate.ts'
import type { LabClient } from '../lab-client.ts'
import { type Edges, edgesIn } from './edges.ts'
import type { Reports } from './sighting.ts'

/** Of each workload so many of either kind of record are held while watching. */
const most = 10_000

/** Looks again and again: each look asks for what is new only, and tells what was seen since the present mode was reached. */
export const createEdgeWatch = (lab: LabClient): { look(): Promise<Edges> } => {
  let reports: Reports = {}
  let known: Pick<Edges, 'mode' | 'since'> | undefined

  return {
    async look() {
      const [{ mode }, { here, away }] = await Promise.all([lab.state(), presence(lab)])
      if (known?.mode !== mode) {
        const reached = await reachedAt(lab)
        known = { mode, since: reached === null ? null : new Date(reached).toISOString() }
        reports = {}
      }
      const marks = Object.fromEntries(here.map(name => [name, reports[name]?.cursor ?? 0]))
      for (const [name, news] of Object.entries(await recordsSince(lab, marks)))
        reports[name] = joined(reports[name], news)
      const { since } = known
      const recent = Object.fromEntries(
        Object.entries(reports).map(([name, report]) => [name, sinceTime(report, since)]),
      )
      return { topology: lab.topology.name, mode, since, edges: edgesIn(lab.topology, mode, recent), away }
    },
  }
}

/** A workload that was restarted counts its records anew: then what it remembered before is gone for it too. */
const joined = (before: Observations | undefined, news: Observations): Observations => {
  if (!before || news.cursor < before.cursor) return news
  const renewed = new Set(news.connections.map(({ id, failure }) => `${id} ${failure?.code}`))
  const old = before.connections.filter(({ id, failure }) => !renewed.has(`${id} ${failure?.code}`))
  return {
    ...news,
    connections: [...old, ...news.connections].slice(-most),
    requests: [...before.requests, ...news.requests].slice(-most),
  }
}
