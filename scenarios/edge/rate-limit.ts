import type { Observations } from '../../services/chassis/observation.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { openAnotherLine } from '../flows/another-line.ts'
import { count } from '../flows/evidence.ts'
import { tightRate, whileMounted } from '../flows/l7-places.ts'
import { readUntil } from '../flows/patience.ts'
import { type Got, openPublicLine } from '../flows/public-line.ts'
import { mark, recordsSince } from '../flows/records.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

const flood = 40
const burst = 5

export default defineScenario({
  id: 'rate-limit',
  claims: ['C2', 'C7'],
  title: 'Is a flood of one client kept from the service?',
  guarantee: 'a flood of requests is limited before it reaches the service',
  explanation:
    'One client sends the same small flood twice, with no limit anywhere and with a low one at the edge, while another client asks once. An edge that reads requests counts them by client and turns the flood away, and only the flood; one that passes TLS on sees one quiet connection, so every request arrives.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const free = await whileMounted(lab, [], () => floodOnce(lab))
    const limited = await whileMounted(lab, [edge], () => floodOnce(lab), { rate: tightRate(burst) })
    return judgeRateLimit({ edge, service, free, limited })
  },
})

/** One flood: what its sender got, what another client got beside it, and how much of it each workload handled. */
export type Flood = {
  answers: readonly Got[]
  /** Undefined where the system has no second address to send from. */
  other: Got | undefined
  arrived: Record<string, number>
  /** By workload: how many it turned away as `rate-limited`. */
  refused: Record<string, number>
}

const floodOnce = async (lab: LabClient): Promise<Flood> => {
  const marks = await mark(lab)
  const line = await openPublicLine(lab)
  const beside = await openAnotherLine(lab)
  try {
    const request = line.light()
    const answers: Got[] = []
    for (let sent = 0; sent < flood; sent++) answers.push(await line.send(request))
    const other = await beside.send(beside.light())
    const { method, path } = answers[0]!
    const own = ({ requests }: Observations) =>
      requests.filter(record => record.method === method && record.path === path)
    const reports = await readUntil(
      () => recordsSince(lab, marks),
      seen => Object.values(seen).some(report => own(report).length >= flood) && addressOf(seen, other) !== undefined,
    )
    const tally = (of: (report: Observations) => number) =>
      Object.fromEntries(Object.entries(reports).map(([name, report]) => [name, of(report)]))
    return {
      answers,
      other: addressOf(reports, other) === addressOf(reports, answers[0]!) ? undefined : other,
      arrived: tally(report => own(report).length),
      refused: tally(report => own(report).filter(({ failure }) => failure?.name === 'rate-limited').length),
    }
  } finally {
    line.close()
    await beside.close()
  }
}

/** The address that whoever met it first took for its sender's. */
const addressOf = (reports: Record<string, Observations>, { path }: Got): string | undefined =>
  Object.values(reports)
    .flatMap(({ requests }) => requests)
    .find(record => record.path === path && record.callerBy === 'nobody')?.clientAddress

type Floods = { edge: string; service: string; free: Flood; limited: Flood }

/**
 * Broken when all of the limited flood arrives. The control: without a limit all of it arrives too; what did not arrive was
 * turned away by the edge for its rate, and the other client was not.
 */
export const judgeRateLimit = ({ edge, service, free, limited }: Floods): Observed => {
  const sent = limited.answers.length
  const arrived = limited.arrived[service] ?? 0
  const refused = limited.refused[edge] ?? 0
  const told = limited.answers.filter(({ failure }) => failure === 'rate-limited').length
  const spared = ({ other }: Flood) => other === undefined || (other.status > 0 && other.status !== 429)
  return {
    verdict: arrived < sent ? 'holds' : 'broken',
    because:
      arrived < sent
        ? `${edge} turned away ${refused} of ${sent} requests; ${arrived} reached ${service}`
        : `all ${sent} requests reached ${service}; ${edge} ${limited.arrived[edge] ? 'let them pass' : 'could not count them'}`,
    evidence: [
      count('requests of the flood that the service handled, without a limit', service, free.arrived[service] ?? 0),
      count('… with a limit at the edge', service, arrived),
      count('requests of the flood that the edge turned away as rate-limited', edge, refused),
      shown('another client, meanwhile', limited.other),
    ],
    control: {
      passed:
        free.answers.length === sent &&
        free.arrived[service] === sent &&
        spared(free) &&
        spared(limited) &&
        (arrived === sent || (refused === told && refused + arrived === sent)),
      evidence: [
        count('requests of the flood, without a limit', service, free.arrived[service] ?? 0),
        shown('another client beside the limited flood', limited.other),
      ],
    },
  }
}

const shown = (title: string, got: Got | undefined): Evidence => ({
  ...{ kind: 'request', title, where: 'client' },
  text: got ? `${got.method} ${got.path}: ${got.status} ${got.failure ?? ''}`.trim() : 'no second address to send from',
})
