import type { Observations, RequestRecord } from '../services/chassis/observation.ts'
import { matches } from '../services/chassis/policy.ts'
import type { Transport } from '../services/chassis/transport.ts'
import { client, type Topology } from '../services/topology/topology.ts'
import { recordsSince } from './flows/records.ts'
import type { LabClient } from './lab-client.ts'

/** Calls of one kind, as the workload that decided on them remembers: same caller, same request, same decision. */
export type Calls = {
  callee: string
  /** SPIFFE ID of whom it took the caller for; absent where nobody was named. */
  caller?: string
  /** What that rests on. */
  by: 'certificate' | 'header' | 'nobody'
  /** Serials of the certificates that proved it, as far as their connections are still remembered. */
  certificates: string[]
  over: Transport[]
  /** Absent where the connection was refused and no request came of it. A path as the rule has it: `/orders/*`. */
  method?: string
  path?: string
  /** The rule that allowed it, or why it was denied: one of the two. */
  rule?: string
  denied?: string
  times: number
  /** ISO 8601. */
  last: string
}

/** Who called these workloads, and by which rule, as they remember it: the last 2000 requests each. */
export const observeCalls = async (lab: LabClient, names: readonly string[]): Promise<Calls[]> =>
  callsIn(lab.topology, await recordsSince(lab, Object.fromEntries(names.map(name => [name, 0]))))

/** The same from reports already at hand, by callee; the latest last. */
export const callsIn = (topology: Topology, reports: Record<string, Observations>): Calls[] =>
  Object.entries(reports).flatMap(([callee, { connections, requests }]) => {
    const decided = requests.map((record): Calls => {
      const { connection, at, caller, callerBy: by, method, rule, denied } = record
      const { peer, transport } = connections.find(({ id, failure }) => id === connection && !failure) ?? {}
      return {
        callee,
        ...(caller === undefined ? {} : { caller }),
        by,
        certificates: peer?.kind === 'authenticated' ? [peer.serial] : [],
        over: transport && transport !== 'spliced' ? [transport] : [],
        ...{ method, path: patternOf(topology, record) },
        ...(rule === undefined ? { denied: denied ?? 'no decision' } : { rule }),
        ...{ times: 1, last: at },
      }
    })
    const refused = connections
      .filter(({ side, failure }) => side === 'server' && failure !== undefined)
      .map(({ at, failure }): Calls => {
        return { callee, by: 'nobody', certificates: [], over: [], denied: failure!.name, times: 1, last: at }
      })
    return gathered([...decided, ...refused])
  })

const gathered = (calls: readonly Calls[]): Calls[] => {
  const kinds = new Map<string, Calls>()
  for (const call of calls) {
    const { caller, by, method, path, rule, denied } = call
    const kind = JSON.stringify([caller, by, method, path, rule, denied])
    const known = kinds.get(kind)
    kinds.set(kind, known ? together(known, call) : call)
  }
  return [...kinds.values()].sort((one, other) => one.last.localeCompare(other.last))
}

const together = (known: Calls, call: Calls): Calls => ({
  ...known,
  certificates: [...new Set([...known.certificates, ...call.certificates])],
  over: [...new Set([...known.over, ...call.over])],
  times: known.times + call.times,
  last: known.last > call.last ? known.last : call.last,
})

/** The pattern by which a rule allowed it, so that a thousand orders are one line; the path itself where none did. */
const patternOf = ({ links, ingress }: Topology, { rule, method, path }: RequestRecord): string => {
  const allow = rule?.startsWith(`${client}:`) ? ingress.allow : (links.find(({ id }) => id === rule)?.allow ?? [])
  return allow.find(each => matches({ methods: [each.method], paths: [each.path] }, method, path))?.path ?? path
}
