import type { Agent } from 'node:http'
import type { ConnectionRecord, Observations, RequestRecord } from '../../services/chassis/observation.ts'
import type { KeyPair } from '../../services/chassis/tls-options.ts'
import type { Hop } from '../../services/modes.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { callAsInsider } from '../tools/insider.ts'
import { connectedFrom, freshAddress, type Source } from '../tools/source.ts'
import { failed, handled, outcome } from './evidence.ts'
import { idOf, listeningAt, requestOn } from './hops.ts'
import { readUntil } from './patience.ts'
import { mark, recordsSince } from './records.ts'

/** How an insider presents himself. Default: no certificate, no name, the link's own request. */
export type Guise = {
  pair?: KeyPair
  statedCaller?: string
  method?: string
  path?: string
  body?: unknown
  headers?: Record<string, string>
  /** Server name to ask for; null: none. */
  serverName?: string | null
  /** Sent in front of everything else, TLS too. */
  preface?: Buffer
  /** A ticket of an earlier session, to go on with that, and where new ones go. */
  session?: Buffer
  onTicket?: (ticket: Buffer) => void
  /** Keeps the connection. For the calls after the first: its id and the address it came from. */
  agent?: Agent
  connection?: string
  from?: string | undefined
}

/** What the insider got, and what the callee recorded of exactly this call. */
export type InsiderOutcome = {
  attempt: Attempt
  /** Present when the call got as far as a request. */
  request?: RequestRecord
  /** Present when the callee accepted the connection. */
  connection?: ConnectionRecord
  /** Present when the callee refused or lost the connection. */
  refusal?: ConnectionRecord
  evidence: Evidence[]
}

/** Calls a hop's callee as somebody inside the network, over the link's transport, and reads the callee's records of it. */
export const callFromInside = async (
  lab: LabClient,
  { link, transport }: Hop,
  what: string,
  guise: Guise,
): Promise<InsiderOutcome> => {
  const { callee } = link
  const address = await listeningAt(lab, callee)
  const marks = await mark(lab, [callee])
  const { headers, ...asked } = requestOn(link, freshCanary(lab.topology))
  const attempt = await callAsInsider({
    ...{ callee, address, transport, trustDomain: lab.topology.trustDomain, from: freshAddress(address) },
    ...asked,
    ...guise,
    headers: { ...headers, ...guise.headers },
  })
  const { request, connection, refusal } = await readUntil(
    async () => ownRecords((await recordsSince(lab, marks))[callee], attempt, guise.connection),
    found => attempt.from === undefined || found.request !== undefined || found.refusal !== undefined,
  )
  return {
    attempt,
    ...(request ? { request } : {}),
    ...(connection ? { connection } : {}),
    ...(refusal ? { refusal } : {}),
    evidence: [
      outcome(`${what}: what it got`, link.id, attempt),
      ...(request ? [handled(`${what}: what ${callee} recorded`, callee, request)] : []),
      ...(refusal ? [failed(`${what}: what ${callee} recorded`, callee, refusal)] : []),
    ],
  }
}

/** What a callee recorded of a call from there, or on a connection that was made before. */
const ownRecords = (report: Observations | undefined, source: Source, kept: string | undefined) => {
  const connections =
    report?.connections.filter(record => record.side === 'server' && connectedFrom(record, source)) ?? []
  const own = new Set([...connections.map(({ id }) => id), kept])
  const request = report?.requests.findLast(one => own.has(one.connection))
  const refusal = connections.find(({ failure }) => failure !== undefined)
  const connection = connections.find(({ id, failure }) => id === request?.connection && !failure)
  return { request, connection, refusal }
}

/** Did the call reach the handler under this link's rule? */
export const wasServed = ({ link }: Hop, { request }: InsiderOutcome): boolean => request?.rule === link.id

/** The same call by the one who may: with the real caller's certificate, and his name where that is what counts. */
export const callAsCaller = async (lab: LabClient, hop: Hop, guise: Guise = {}): Promise<InsiderOutcome> => {
  const { caller } = hop.link
  const pair = await lab.credentials.stolen(caller)
  const statedCaller = idOf(lab.topology, caller)
  return callFromInside(lab, hop, `${caller}'s own certificate`, { pair, statedCaller, ...guise })
}
