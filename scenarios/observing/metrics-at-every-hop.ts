import { whereTheEdgeReads } from '../expected.ts'
import { doorOf } from '../flows/door.ts'
import { count, outcome, succeeded } from '../flows/evidence.ts'
import { isClients } from '../flows/hops.ts'
import { readUntil } from '../flows/patience.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { oldOffers } from '../tools/old-tls.ts'
import { dialRaw } from '../tools/raw.ts'
import { matching, readScrape, type Series, sumOf } from './scrape.ts'

const orders = 3

/** Numbers are worth what they count: each is held against what was done, and against what the workload wrote down of it. */
export default defineScenario({
  id: 'metrics-at-every-hop',
  claims: ['O3'],
  title: 'Does every hop measure what goes through it?',
  guarantee: 'latency, codes and failed handshakes are measured at every hop',
  explanation:
    'Three orders are placed, and somebody who offers only TLS 1.1 is turned away; every workload on the way is scraped before and after. Each has to have counted the requests it handled, by status and with the time they took, and whoever refused the handshake has to have counted it under its cause. An edge that passes TLS on unopened counts connections and bytes: of requests, codes and latency it has nothing to count.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab, hops) {
    const callees = [...new Set(hops.map(({ link }) => link.callee))]
    const door = await doorOf(lab, hops.find(isClients)!)
    const marks = await mark(lab, callees)
    const before = await scrapeAll(lab, callees)
    const asked: Attempt[] = []
    for (let i = 0; i < orders; i++) asked.push(await placeOrder(lab))
    const old = await dialRaw({ ...door.dial, tls: { ...door.dial.tls, ...tls11 } })
    old.raw?.close()
    const hopsMeasured = await readUntil(
      async () => {
        const [after, records] = [await scrapeAll(lab, callees), await recordsSince(lab, marks)]
        return callees.map(workload => ({
          ...grown(workload, before[workload] ?? [], after[workload] ?? []),
          handled: records[workload]?.requests.length ?? 0,
        }))
      },
      measured => measured.some(({ refused }) => total(refused) > 0) && measured.every(agrees),
      { tries: 20, pauseMs: 25 },
    )
    return judgeMetrics({ asked, hops: hopsMeasured, reader: door.reader, taken: old.raw !== undefined })
  },
})

const tls11 = oldOffers.find(({ name }) => name === 'TLS 1.1')!.tls

/** What one workload counted meanwhile: requests and their time by its scrape, `handled` by its records. */
export type Measured = {
  workload: string
  requests: number
  /** Of these, answered with 2xx. */
  good: number
  seconds: number
  /** Failed handshakes by cause. */
  refused: Record<string, number>
  connections: number
  handled: number
}

const scrapeAll = async (lab: LabClient, names: readonly string[]): Promise<Record<string, Series[]>> =>
  Object.fromEntries(await Promise.all(names.map(async name => [name, readScrape(await lab.metrics(name))] as const)))

const served = 'http_server_request_duration_seconds'

const grown = (workload: string, before: readonly Series[], after: readonly Series[]): Omit<Measured, 'handled'> => {
  const growth = (name: string, labels = {}) => sumOf(after, name, labels) - sumOf(before, name, labels)
  const codes = new Set(matching(after, `${served}_count`).map(({ labels }) => labels.http_response_status_code ?? ''))
  const causes = new Set(matching(after, 'hop_handshakes_failed_total').map(({ labels }) => labels.cause ?? ''))
  const good = [...codes].filter(code => code.startsWith('2'))
  return {
    workload,
    requests: growth(`${served}_count`),
    good: good.reduce((sum, code) => sum + growth(`${served}_count`, { http_response_status_code: code }), 0),
    seconds: growth(`${served}_sum`),
    refused: Object.fromEntries(
      [...causes]
        .map(cause => [cause, growth('hop_handshakes_failed_total', { cause })] as const)
        .filter(([, number]) => number > 0),
    ),
    connections: growth('hop_connections_opened_total', { side: 'server' }),
  }
}

const total = (by: Record<string, number>): number => Object.values(by).reduce((sum, number) => sum + number, 0)

const agrees = ({ requests, handled }: Measured): boolean => requests === handled

type Seen = { asked: readonly Attempt[]; hops: readonly Measured[]; reader: string; taken: boolean }

/**
 * Holds when everybody on the way measured the requests. The control: the orders passed; no count differs from the records
 * beside it; who measured no request at least counted the connections; and the refused handshake was counted once, for its
 * version, by whoever opens the public's TLS and nobody else.
 */
export const judgeMetrics = ({ asked, hops, reader, taken }: Seen): Observed => {
  const measures = ({ good, seconds }: Measured) => good >= asked.length && seconds > 0
  const blind = hops.filter(hop => !measures(hop))
  const refusals = hops.filter(({ refused }) => total(refused) > 0)
  return {
    verdict: blind.length === 0 && hops.length > 0 ? 'holds' : 'broken',
    because:
      blind.length === 0
        ? `${hops.length} workloads measured ${asked.length} requests, their codes and the time they took`
        : `${blind.map(({ workload }) => workload).join(', ') || 'nobody'} measured connections, and no request`,
    evidence: hops.flatMap(told),
    control: {
      passed:
        asked.length > 0 &&
        asked.every(succeeded) &&
        hops.every(agrees) &&
        blind.every(({ requests, connections }) => requests === 0 && connections >= asked.length) &&
        !taken &&
        refusals.length === 1 &&
        refusals[0]?.workload === reader &&
        refusals[0].refused['protocol-version'] === 1 &&
        total(refusals[0].refused) === 1,
      evidence: [
        ...asked.slice(0, 1).map(attempt => outcome('one of the orders', 'client', attempt)),
        ...refusals.map(({ workload, refused }) => words('failed handshakes by cause', workload, refused)),
      ],
    },
  }
}

const told = ({ workload, requests, seconds, handled, connections }: Measured): Evidence[] => [
  count('requests by its metrics', workload, requests),
  count('requests by its records', workload, handled),
  ...(requests > 0
    ? [count('milliseconds a request took', workload, Math.round((seconds / requests) * 1e4) / 10)]
    : []),
  count('connections it took', workload, connections),
]

const words = (title: string, where: string, by: Record<string, number>): Evidence => ({
  ...{ kind: 'count', title, where },
  text: Object.entries(by)
    .map(([cause, number]) => `${cause}: ${number}`)
    .join(', '),
})
