import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { ObservedHop } from '../observed.ts'
import type { OutsiderRequest } from '../tools/outsider.ts'
import { listenIn, type Overheard } from './listen-in.ts'
import { observeHop, type Seen } from './observed-hop.ts'
import { mark } from './records.ts'
import { readStory } from './story.ts'
import { waysInto } from './ways-in.ts'

/** One probe over new connections, with all that passed on every link and all that every workload recorded of it. */
export type Watched = { overheard: Overheard; seen: Seen; hop(hop: Hop): ObservedHop | undefined }

/** Sends it. Every connection it needs is new, so the records since then are those of this request. */
export const watchProbe = (lab: LabClient): Promise<Watched> => watch(lab, [])

/** The same with every other request that the public may send, so that links which the probe does not take are taken too. */
export const watchEveryWay = (lab: LabClient): Promise<Watched> => watch(lab, waysInto(lab.topology))

const watch = async (lab: LabClient, also: readonly OutsiderRequest[]): Promise<Watched> => {
  const marks = await mark(lab)
  const overheard = await listenIn(lab, {}, also)
  const { entry, reports, ...story } = await readStory(lab, marks, overheard.canary)
  const all = Object.entries(reports).flatMap(([workload, { requests }]) =>
    requests.map(record => ({ ...record, workload })),
  )
  const told = [...story.told, ...all.filter(({ requestId }) => requestId !== entry?.requestId)]
  const seen: Seen = { topology: lab.topology, story: { entry, told, reports }, reports, answer: overheard.answer }
  return { overheard, seen, hop: hop => observeHop(seen, hop) }
}
