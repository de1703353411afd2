import type { Transport } from '../services/chassis/transport.ts'
import { usualHopsOf } from '../services/hops.ts'
import type { Hop } from '../services/modes.ts'
import { idOf, isInner } from './flows/hops.ts'
import { observeHop } from './flows/observed-hop.ts'
import { presence } from './flows/presence.ts'
import { type Marks, mark, recordsSince } from './flows/records.ts'
import { readStory } from './flows/story.ts'
import { freshWire } from './flows/wire.ts'
import type { LabClient } from './lab-client.ts'
import type { ObservedHop } from './observed.ts'
import { freshCanary } from './tools/canary.ts'
import { createOutsider } from './tools/outsider.ts'

export type { Identity, ObservedHop } from './observed.ts'

/** One hop of the map. `observed` absent: the probe did not come by. */
export type MapHop = {
  link: string
  caller: string
  callee: string
  intended: { transport: Transport; spliced: boolean }
  observed?: ObservedHop
  /** Where observed and intended differ, in words. Empty: they agree. */
  differs: string[]
}

/** The way of one probe through the system. */
export type RequestMap = {
  topology: string
  mode: string
  /** Undefined when no workload had the request. */
  requestId: string | undefined
  /** As the client got it; 0 where no answer came, `failure` then says why. */
  status: number
  failure?: { name: string; code: string }
  hops: MapHop[]
  /** How often the request was decrypted on its way. */
  decryptions: number
  /** Workloads that had the request in readable form, in the order in which it came to them. */
  readers: string[]
  /** Workloads that could not be asked. */
  away: string[]
}

/** Sends one probe and draws its way from what both ends of every hop recorded, never from configuration. */
export const observeMap = async (lab: LabClient): Promise<RequestMap> => {
  const { topology } = lab
  const { mode } = await lab.state()
  const hops = usualHopsOf(topology, mode)
  const links = hops.map(hop => hop.link.id)
  const { here, away } = await presence(lab)
  const marks = await mark(lab, here)
  // New connections are recorded since the mark. Without the wire old ones cannot be ended; their records are looked up.
  if (lab.access.wire !== null) await freshWire(lab, links)
  const outsider = await createOutsider(lab)
  const { method, path, body, headers } = freshCanary(topology)
  const answer = await outsider.send({ method, path, body, headers })
  const story = await readStory(lab, marks, { method, path })
  const reports = lab.access.wire === null ? await recordsSince(lab, zeroed(marks)) : story.reports

  const seen = { topology, story, reports, answer }
  const drawn = await Promise.all(
    hops.map(async (hop): Promise<MapHop> => {
      const { id, caller, callee } = hop.link
      const observed = observeHop(seen, hop)
      const bytes = lab.access.wire === null ? undefined : await bytesOn(lab, id)
      const intended = { transport: hop.transport, spliced: hop.spliced }
      const found = observed && { ...observed, ...(bytes === undefined ? {} : { bytes }) }
      const differs =
        found || !away.includes(callee) ? differences(hop, idOf(topology, caller), found) : [unasked(callee)]
      return { link: id, caller, callee, intended, ...(found ? { observed: found } : {}), differs }
    }),
  )
  return {
    topology: topology.name,
    mode,
    requestId: story.entry?.requestId,
    ...(answer.answered ? { status: answer.status } : { status: 0, failure: answer.failure }),
    hops: drawn,
    decryptions: drawn.filter(({ observed }) => observed?.decrypted).length,
    readers: [...new Set(story.told.map(({ workload }) => workload))],
    away,
  }
}

const unasked = (workload: string) => `${workload} is not connected, so it could not be asked`

const differences = (hop: Hop, callerId: string, observed: ObservedHop | undefined): string[] => {
  if (!observed) return ['the probe did not come by']
  const differs: string[] = []
  const intended = hop.spliced ? 'spliced' : hop.transport
  if (observed.transport !== intended) differs.push(`intended ${intended}, observed ${observed.transport}`)
  if (isInner(hop) && observed.believed?.caller !== callerId)
    differs.push(`intended caller ${callerId}, believed ${observed.believed?.caller ?? 'nobody'}`)
  if (observed.callee?.kind === 'anonymous' && observed.callee.because === 'not-verified')
    differs.push('the caller does not verify whom it talks to')
  if (observed.tornApart) differs.push('its two ends saw different certificates: somebody stands in between')
  return differs
}

const bytesOn = async (lab: LabClient, link: string): Promise<number> => {
  const recorded = await lab.wire(link).bytes()
  return recorded.reduce((sum, { bytes }) => sum + bytes['to-callee'].length + bytes['to-caller'].length, 0)
}

const zeroed = (marks: Marks): Marks => Object.fromEntries(Object.keys(marks).map(name => [name, 0]))
