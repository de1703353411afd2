import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import type { Identity, ObservedHop } from '../observed.ts'
import type { Attempt } from '../tools/attempt.ts'
import { holderOf } from './held.ts'
import { isClients, isInner } from './hops.ts'
import type { Story, Told } from './story.ts'

/** All that was recorded around one probe: by the workloads, and by the client's own socket. */
export type Seen = { topology: Topology; story: Story; reports: Record<string, Observations>; answer: Attempt }

/** A hop as its ends recorded it; undefined where the probe did not come by. */
export const observeHop = (seen: Seen, hop: Hop): ObservedHop | undefined => {
  if (isInner(hop)) return observeInner(seen, hop)
  return hop.spliced && isClients(hop) ? observeSpliced(seen) : observePublic(seen, hop)
}

/** The leg that only passes through the edge: a server name and bytes, whatever is inside. */
const observeSpliced = ({ topology, reports }: Seen): ObservedHop | undefined => {
  const passed = reports[topology.ingress.edge]?.connections.findLast(({ transport }) => transport === 'spliced')
  if (!passed || passed.failure) return undefined
  return { transport: 'spliced', ...some({ serverName: passed.serverName }), ...nobodySeen, decrypted: false }
}

/** Where the client's TLS ends: its own socket tells of the callee, the callee's records of the rest. */
const observePublic = ({ story, reports, answer }: Seen, hop: Hop): ObservedHop | undefined => {
  const { entry } = story
  if (!entry || entry.workload !== hop.link.callee) return undefined
  const server = connectionOf(reports, entry)
  const key = answer.tls?.peerKey
  const heldBy = key === undefined ? undefined : holderOf(reports, key)
  const callee: Identity = answer.tls
    ? { kind: 'public', name: answer.tls.peerNames ?? 'no name', ...some({ heldBy }) }
    : unseen
  const torn = key !== undefined && server?.localKey !== undefined && key !== server.localKey
  return {
    transport: hop.spliced ? 'spliced' : (server?.transport ?? hop.transport),
    ...some({ protocol: server?.protocol, cipher: server?.cipher, keyExchange: answer.tls?.keyExchange }),
    ...some({ alpn: server?.alpn, serverName: server?.serverName }),
    ...{ caller: server?.peer ?? unseen, callee },
    ...asked(entry),
    decrypted: server?.protocol !== undefined,
    ...(torn ? { tornApart: true } : {}),
  }
}

/** A hop between workloads: the callee's request and connection records, and the caller's record of the same connection. */
const observeInner = ({ story, reports }: Seen, { link }: Hop): ObservedHop | undefined => {
  const request = story.told.find(({ workload, rule }) => workload === link.callee && rule === link.id)
  const server = request && connectionOf(reports, request)
  if (!request || !server) return undefined
  const called = reports[link.caller]?.connections.filter(
    ({ side, link: on, failure }) => side === 'client' && on === link.id && !failure,
  )
  const same = called?.findLast(({ peerKey }) => peerKey === server.localKey)
  const client = same ?? called?.at(-1)
  return {
    transport: server.transport ?? 'plaintext',
    ...some({ protocol: server.protocol, cipher: server.cipher, keyExchange: client?.keyExchange }),
    ...some({ alpn: server.alpn, serverName: server.serverName }),
    ...{ caller: server.peer ?? unseen, callee: client?.peer ?? unseen },
    ...asked(request),
    decrypted: server.protocol !== undefined,
    ...(client && !same ? { tornApart: true } : {}),
  }
}

const unseen: Identity = { kind: 'unseen' }
const nobodySeen = { caller: unseen, callee: unseen }

const connectionOf = (reports: Seen['reports'], { workload, connection }: Told): ConnectionRecord | undefined =>
  reports[workload]?.connections.find(({ id, failure }) => id === connection && !failure)

const asked = ({
  requestId,
  status,
  caller,
  callerBy,
}: Told): Pick<ObservedHop, 'requestId' | 'status' | 'believed'> => ({
  requestId,
  status,
  believed: { ...some({ caller }), by: callerBy },
})

/** Leaves out what was not observed. */
const some = <Fields extends Record<string, unknown>>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>
  }
