import { whereTheEdgeReads } from '../expected.ts'
import { handled } from '../flows/evidence.ts'
import { headsReceived } from '../flows/heads-received.ts'
import { whileMounted } from '../flows/l7-places.ts'
import { readUntil } from '../flows/patience.ts'
import { type Got, openPublicLine } from '../flows/public-line.ts'
import { mark, recordsSince } from '../flows/records.ts'
import type { Told } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { random } from '../tools/canary.ts'

/** Said twice, in a name that many readers take for another, or meant for one connection only. */
const untidy = [
  ...['X-Tag: one', 'X-Tag: two', 'X_Under_Score: 1', 'Connection: keep-alive, X-Hop', 'X-Hop: 1'],
  ...['Keep-Alive: timeout=5', 'TE: trailers'],
]
/** A field that is no list, with two values: nobody can tell which counts. */
const conflicting = ['Referer: https://one.example/', 'Referer: https://two.example/']

export default defineScenario({
  id: 'header-normalization',
  claims: ['C4', 'C7'],
  title: 'In which order do headers come to the service?',
  guarantee: 'duplicate, conflicting and hop-by-hop headers do not reach the service',
  explanation:
    "A request with disorderly headers is sent, and then one whose headers contradict each other; the bytes that come to the service show what is left of them. An edge that reads requests joins, drops or refuses them by rule. One that passes TLS on delivers the client's own bytes, and every service has to cope by itself.",
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const without = await whileMounted(lab, [], () => sendUntidy(lab, service))
    const mounted = await whileMounted(lab, [edge], () => sendUntidy(lab, service))
    return judgeHeaders({ edge, service, without, mounted })
  },
})

/** What came to the service of an untidy request, and what became of a contradictory one. */
export type Delivered = {
  /** Header lines of the untidy request as the service got them; undefined: it did not. */
  lines: readonly string[] | undefined
  untidy: Got
  conflict: Got
  /** Who had the contradictory one. */
  told: readonly Told[]
}

const sendUntidy = async (lab: LabClient, service: string): Promise<Delivered> => {
  const nonce = random('abcdefghijkmnpqrstuvwxyz', 12)
  const marks = await mark(lab)
  const { sent, heads } = await headsReceived(lab, service, async () => {
    const line = await openPublicLine(lab)
    try {
      const request = line.light()
      const untidyGot = await line.send({ ...request, target: `${request.target}?n=${nonce}` }, ...untidy)
      return { untidy: untidyGot, conflict: await line.send(line.light(), ...conflicting) }
    } finally {
      line.close()
    }
  })
  const { method, path } = sent.conflict
  const tellers = (reports: Awaited<ReturnType<typeof recordsSince>>) =>
    Object.entries(reports).flatMap(([workload, { requests }]) =>
      requests
        .filter(record => record.method === method && record.path === path)
        .map((record): Told => ({ ...record, workload })),
    )
  const reports = await readUntil(
    () => recordsSince(lab, marks),
    seen => tellers(seen).length > 0,
  )
  const head = heads.findLast(([first]) => first?.includes(`?n=${nonce} `))
  return { ...sent, lines: head?.slice(1), told: tellers(reports) }
}

/** What is out of order in header lines, in words. */
export const disorderIn = (lines: readonly string[]): string[] => {
  const all = lines.map(line => line.slice(0, line.indexOf(':')).toLowerCase())
  // every hop adds a Via line of its own
  const names = all.filter(name => name !== 'via')
  const hopByHop = ['x-hop', 'keep-alive', 'te']
  return [...new Set(names)].flatMap(name => [
    ...(names.filter(other => other === name).length > 1 ? [`${name} twice`] : []),
    ...(name.includes('_') ? [`${name} for ${name.replaceAll('_', '-')}`] : []),
    ...(hopByHop.includes(name) ? [`${name}, meant for one hop`] : []),
  ])
}

type Runs = { edge: string; service: string; without: Delivered; mounted: Delivered }

/**
 * Broken when any disorder or the contradiction is in what came to the service. The control: without the pack both came;
 * the untidy request always came, and what was refused was refused by the edge for its headers.
 */
export const judgeHeaders = ({ edge, service, without, mounted }: Runs): Observed => {
  const disorder = disorderIn(mounted.lines ?? [])
  const had = ({ told }: Delivered, who: string) => told.find(({ workload }) => workload === who)
  const refused = had(mounted, edge)?.failure?.name === 'header-conflict'
  const tidy = disorder.length === 0 && had(mounted, service) === undefined
  const usual = disorderIn(without.lines ?? [])
  return {
    verdict: tidy ? 'holds' : 'broken',
    because: tidy
      ? `${edge} put the headers in order and refused those that contradict each other`
      : `${service} received ${disorder.join(', ') || 'headers that contradict each other'}`,
    evidence: [
      linesOf('headers as the service received them, the pack at the edge', service, mounted.lines),
      linesOf('headers as the service received them, without the pack', service, without.lines),
      ...mounted.told.map(told => handled(`the contradictory request at ${told.workload}`, told.workload, told)),
    ],
    control: {
      passed:
        [without, mounted].every(
          ({ lines, untidy, conflict }) => lines !== undefined && untidy.status * conflict.status > 0,
        ) &&
        usual.length > 0 &&
        had(without, service) !== undefined &&
        (refused || had(mounted, service) !== undefined),
      evidence: [linesOf('out of order without the pack', service, usual)],
    },
  }
}

const linesOf = (title: string, where: string, lines: readonly string[] | undefined): Evidence => ({
  ...{ kind: 'text', title, where, text: lines?.join('\n') ?? 'nothing' },
})
