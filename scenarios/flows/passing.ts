import { setOff } from '../../services/chassis/call-watch.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'
import { attackFromOutside } from './attack-from-outside.ts'
import { isInner } from './hops.ts'
import { mark, recordsSince } from './records.ts'
import type { Told } from './story.ts'
import { type Watched, watchEveryWay } from './watched-probe.ts'
import { waysInto } from './ways-in.ts'

/** What a hop's callee did with the requests that came to it over this hop, as everybody recorded it. */
export type Passing = {
  /** Undefined where it had no request of the probe: TLS only passed. */
  request: Told | undefined
  /** It opened TLS on this hop. */
  opened: boolean
  /** The calls it made of the one request. */
  onward: readonly Told[]
  /** Whom it called for any of the requests that the public may send. */
  callees: readonly string[]
  /** Onward hops whose callee opened TLS again. */
  closedAgain: readonly string[]
  /** It refused an attack for what stands in it. */
  filters: boolean
  /** ms between taking the request and answering it, less what the calls it made took at their callees; one for each probe. */
  addedMs: readonly number[]
  /** ms of the handshake on a new connection, as the callee took it. */
  handshakeMs: number | undefined
}

const probes = 5

/** Watches one probe on new connections, then several on kept ones, every kind of request, and one attack. */
export const watchPassings = async (lab: LabClient, hops: readonly Hop[]): Promise<Map<string, Passing>> => {
  const watched = await watchEveryWay(lab)
  const outsider = await createOutsider(lab, { keepAlive: true })
  try {
    const start = await mark(lab)
    for (let sent = 0; sent < probes; sent++) await outsider.send(freshCanary(lab.topology))
    for (const request of waysInto(lab.topology)) await outsider.send(request)
    const attacked = await attackFromOutside(lab)
    const reports = await recordsSince(lab, start)
    const all = Object.entries(reports).flatMap(([workload, { requests }]) =>
      requests.map((record): Told => ({ ...record, workload })),
    )
    return new Map(hops.map(hop => [hop.link.id, passingOf({ watched, hops, all, attacked: attacked.told }, hop)]))
  } finally {
    outsider.close()
  }
}

type Gathered = { watched: Watched; hops: readonly Hop[]; all: readonly Told[]; attacked: readonly Told[] }

const passingOf = ({ watched, hops, all, attacked }: Gathered, hop: Hop): Passing => {
  const { callee } = hop.link
  const { story, reports } = watched.seen
  const { told, entry } = story
  const request = isInner(hop)
    ? told.find(({ workload, rule }) => workload === callee && rule === hop.link.id)
    : told.find(record => record === entry && record.workload === callee)
  const connection = reports[callee]?.connections.find(({ id }) => id === request?.connection)
  const own = all.filter(({ workload }) => workload === callee)
  const madeOf = (made: Told) => all.filter(each => setOff(made, each))
  const asProbed = own.filter(({ method, path }) => method === request?.method && path === request.path)
  return {
    request,
    opened: watched.hop(hop)?.decrypted === true,
    onward: told.filter(each => request !== undefined && setOff(request, each)),
    callees: [...new Set(own.flatMap(madeOf).map(({ workload }) => workload))],
    closedAgain: hops
      .filter(next => next.link.caller === callee && watched.hop(next)?.decrypted)
      .map(next => next.link.id),
    filters: attacked.some(({ workload, failure }) => workload === callee && failure?.name === 'filtered'),
    addedMs: asProbed.map(one => madeOf(one).reduce((left, call) => left - call.durationMs, one.durationMs)),
    handshakeMs: connection?.handshakeMs,
  }
}
