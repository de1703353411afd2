import { clientLink, splicedLink } from '../../services/hops.ts'
import type { LabClient } from '../lab-client.ts'
import type { Observed } from '../scenario.ts'
import { excerpt, succeeded } from './evidence.ts'
import { listenIn, type Overheard } from './listen-in.ts'

/** Takes over one workload's place: what do the bytes beside it and its own session secrets tell of the client's request? */
export const takeOver = async (lab: LabClient, workload: string): Promise<Observed> => {
  const { topology } = lab
  const overheard = await listenIn(lab)
  const beside = topology.links.filter(({ caller, callee }) => caller === workload || callee === workload)
  const links = beside.map(({ id }) => id)
  const entrance = clientLink(topology).id
  if (workload === topology.ingress.edge) links.push(entrance, splicedLink(topology).id)
  return judgeTakeOver(overheard, { workload, links, entrance, workloads: Object.keys(topology.workloads) })
}

type Place = { workload: string; links: string[]; entrance: string; workloads: string[] }

/**
 * Broken when any value of the request is found. The control: the same bytes are opened by the secrets of the one
 * workload where the client's TLS does end, and by those of all the others not.
 */
export const judgeTakeOver = (overheard: Overheard, { workload, links, entrance, workloads }: Place): Observed => {
  const { canary, answer, raw, decrypted } = overheard
  const needles = Object.entries(canary.needles)
  const seen = links.map(link => ({ link, bytes: Buffer.concat([decrypted(link, [workload]), raw(link)]) }))
  const found = seen.flatMap(({ link, bytes }) =>
    needles
      .filter(([, needle]) => bytes.includes(needle))
      .map(([name, needle]) => ({ name, evidence: excerpt(`${name}, as ${workload} has it`, link, bytes, needle) })),
  )
  const names = [...new Set(found.map(({ name }) => name))]
  const looked = seen.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const opens = (name: string) => needles.every(([, needle]) => decrypted(entrance, [name]).includes(needle))
  const holders = workloads.filter(opens)
  return {
    verdict: names.length > 0 ? 'broken' : 'holds',
    because:
      names.length > 0
        ? `whoever holds ${workload} reads ${names.join(', ')}`
        : looked === 0
          ? `nothing of the request came by ${workload}`
          : `with all that ${workload} has, none of the values is in the ${looked} bytes that passed it`,
    evidence: found.map(({ evidence }) => evidence),
    control: {
      passed: succeeded(answer) && holders.length === 1,
      evidence: holders.map(name => {
        const bytes = decrypted(entrance, [name])
        return excerpt(`the same bytes, opened with the secrets of ${name}`, entrance, bytes, needles[0]?.[1] ?? '')
      }),
    },
  }
}
