import type { ConnectionRecord, Observations } from '../../services/chassis/observation.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { countedBetween, countsInWords, type L7Counts } from '../flows/l7-counts.ts'
import { whileMounted } from '../flows/l7-places.ts'
import { readUntil } from '../flows/patience.ts'
import { type Got, openPublicLine } from '../flows/public-line.ts'
import { mark, recordsSince } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { scriptInQuery } from '../tools/attack-pattern.ts'

export default defineScenario({
  id: 'l7-metrics',
  claims: ['C6', 'C7'],
  title: 'Does the edge know which requests it carries, how they end and how long they take?',
  guarantee: 'the edge counts every request by route, status and latency',
  explanation:
    'A client sends a handful of requests, one of them an attack, and what the edge counted is compared with what the client got. An edge that reads requests counts each by route, class of status and latency; one that passes TLS on can tell connections, bytes and durations, and nothing of requests.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab) {
    const { edge } = lab.topology.ingress
    const without = await whileMounted(lab, [], () => measure(lab, edge))
    const mounted = await whileMounted(lab, [edge], () => measure(lab, edge))
    return judgeMetrics({ edge, without, mounted })
  },
})

/** What a client got, and what the edge can tell of it. */
export type Measured = {
  answers: readonly Got[]
  counted: L7Counts | undefined
  /** Connections that the edge only passed on, and that are over. */
  passed: readonly ConnectionRecord[]
}

const measure = async (lab: LabClient, edge: string): Promise<Measured> => {
  const marks = await mark(lab, [edge])
  const before = await recordsSince(lab, marks)
  const line = await openPublicLine(lab)
  const answers: Got[] = []
  try {
    const attack = line.honest()
    for (const request of [
      line.honest(),
      line.light(),
      line.light(),
      { ...attack, target: attack.target + scriptInQuery },
    ])
      answers.push(await line.send(request))
  } finally {
    line.close()
  }
  const over = (report: Observations | undefined) =>
    (report?.connections ?? []).filter(({ transport, bytesIn }) => transport === 'spliced' && bytesIn !== undefined)
  const counted = (report: Observations | undefined) => countedBetween(before[edge], report)
  const reports = await readUntil(
    () => recordsSince(lab, marks),
    seen => over(seen[edge]).length > 0 || seen[edge]?.requests.length === answers.length,
  )
  return { answers, counted: counted(reports[edge]), passed: over(reports[edge]) }
}

type Runs = { edge: string; without: Measured; mounted: Measured }

/**
 * Holds when the edge's counts are the client's own. The control: the client was answered every time, and without the pack
 * the edge counts nothing; where it counts nothing with the pack either, its record of the connection has the bytes.
 */
export const judgeMetrics = ({ edge, without, mounted }: Runs): Observed => {
  const { answers, counted, passed } = mounted
  const agrees = counted !== undefined && agree(counted, answers)
  const carried = passed.some(({ bytesIn = 0, bytesOut = 0, durationMs = 0 }) => bytesIn * bytesOut * durationMs > 0)
  return {
    verdict: agrees ? 'holds' : 'broken',
    because: agrees
      ? `${edge} counted ${counted.requests} requests: ${countsInWords(counted)}`
      : `${edge} counted ${counted?.requests ?? 0} of ${answers.length} requests; it saw ${passed.length} connection`,
    evidence: [
      text(
        'what the client got',
        'client',
        answers.map(({ method, path, status }) => `${method} ${path} ${status}`).join('; '),
      ),
      text('what the edge counted, the pack mounted', edge, counted ? countsInWords(counted) : 'nothing'),
      text(
        'what the edge counted, the pack not mounted',
        edge,
        without.counted ? countsInWords(without.counted) : 'nothing',
      ),
      ...passed.map(({ serverName, bytesIn, bytesOut, durationMs }) =>
        text(
          'a connection passed on',
          edge,
          `${serverName}: ${bytesIn} bytes in, ${bytesOut} out, ${Math.round(durationMs ?? 0)} ms`,
        ),
      ),
    ],
    control: {
      passed:
        [...answers, ...without.answers].every(({ status }) => status > 0) &&
        without.counted === undefined &&
        (agrees || (counted?.requests === 0 && carried)),
      evidence: [
        text(
          'answers of the client, without the pack',
          'client',
          without.answers.map(({ status }) => status).join(', '),
        ),
      ],
    },
  }
}

/** Every answer is counted once in its class, every counted request was timed, and no route is a path that was asked for. */
const agree = (counted: L7Counts, answers: readonly Got[]): boolean => {
  const classes: Record<string, number> = {}
  for (const { status } of answers)
    classes[`${Math.floor(status / 100)}xx`] = (classes[`${Math.floor(status / 100)}xx`] ?? 0) + 1
  const all: Record<string, number> = {}
  for (const routes of Object.values(counted.routes))
    for (const [name, n] of Object.entries(routes)) all[name] = (all[name] ?? 0) + n
  const sameClasses =
    Object.keys(all).length === Object.keys(classes).length &&
    Object.entries(classes).every(([name, n]) => all[name] === n)
  const timed = Object.values(counted.timed).reduce((sum, n) => sum + n, 0)
  return sameClasses && timed === answers.length
}

const text = (title: string, where: string, said: string): Evidence => ({ kind: 'text', title, where, text: said })
