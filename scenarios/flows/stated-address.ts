import { encodeProxyHeader } from '../../services/chassis/proxy-protocol.ts'
import type { LabClient } from '../lab-client.ts'
import type { Evidence } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'
import { cameFrom, freshAddress } from '../tools/source.ts'
import { handled, outcome, succeeded } from './evidence.ts'
import { mark } from './records.ts'
import { readStory, type Told } from './story.ts'

/** Nobody's: it is set aside for documentation (RFC 5737). */
export const forgedAddress = '203.0.113.77'

/** Every header by which some proxy somewhere is told a client's address; RFC 7239's and a spelling for CGI-like readers too. */
export const statedAddress = (address: string): Record<string, string> => ({
  'x-forwarded-for': address,
  forwarded: `for=${address};proto=https`,
  'x-real-ip': address,
  'true-client-ip': address,
  x_forwarded_for: address,
})

/** What a proxy would put in front of a connection of somebody at this address. */
export const proxyHeaderOf = (address: string): Buffer =>
  encodeProxyHeader({ source: { host: address, port: 40_000 }, destination: { host: '127.0.0.1', port: 443 } })

/** A customer's request, and the address that the service took for his. */
export type Seen = {
  service: string
  attempt: Attempt
  record: (Pick<Told, 'clientAddress' | 'workload'> & Partial<Told>) | undefined
  /** The edge saw the connection come from the address the customer had. */
  arrived: boolean
}

/** Places one request as a customer with an address of his own who states another. */
export const seeAddress = async (lab: LabClient): Promise<Seen> => {
  const { edge, passthroughTo: service } = lab.topology.ingress
  const { method, path, body, headers } = freshCanary(lab.topology)
  const marks = await mark(lab)
  const outsider = await createOutsider(lab, { from: freshAddress(lab.access.edge) })
  const attempt = await outsider.send({ method, path, body, headers: { ...headers, ...statedAddress(forgedAddress) } })
  const own = attempt.from === undefined ? {} : { from: attempt.from }
  const { told, reports } = await readStory(lab, marks, { method, path, ...own })
  const record = told.find(({ workload }) => workload === service)
  const arrived = reports[edge]?.connections.some(record => cameFrom(record, attempt)) ?? false
  return { service, attempt, record, arrived }
}

/** Did the service see the address the customer really had? In words, with evidence; `judged` says whether it can be said at all. */
export const tellAddress = ({ service, attempt, record, arrived }: Seen) => {
  const seen = record?.clientAddress ?? 'none'
  const own = attempt.from ?? 'unknown'
  const known = seen === own
  const told = known
    ? `the client came from ${own} and stated ${forgedAddress}; ${service} saw ${seen}`
    : `the client came from ${own}; ${service} saw ${seen}${seen === forgedAddress ? ', which is what he stated' : ', which is not his'}`
  const evidence: Evidence[] = [
    { kind: 'text', title: 'client address', where: service, text: seen },
    ...(record?.method ? [handled(`what ${service} recorded`, service, record as Told)] : []),
  ]
  const about: Evidence[] = [
    { kind: 'text', title: 'source address of the connection', where: 'client', text: own },
    outcome('the request', 'client', attempt),
  ]
  const judged = succeeded(attempt) && record !== undefined && arrived && own !== '127.0.0.1'
  return { known, seen, told, evidence, about, judged }
}
