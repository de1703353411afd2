import { concrete } from '../../services/topology/calls.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { whereTheEdgeReads } from '../expected.ts'
import { mark } from '../flows/records.ts'
import { readStory, type Told } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary, random } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

export default defineScenario({
  id: 'routing',
  claims: ['C3'],
  title: 'Can the edge choose the way of a request by what it asks for?',
  guarantee: 'the edge routes requests by path and header',
  explanation:
    'The topology has a link that the edge takes only for some paths and only with a certain header. The same path is asked for with and without it, and another path with it; the records of the workloads tell the way. An edge that passes TLS on has a server name to go by, so all of them go the same way.',
  per: 'system',
  unless: topology => (choiceOf(topology) ? undefined : 'no link of the edge depends on a header'),
  expected: whereTheEdgeReads,
  async run(lab) {
    const { edge } = lab.topology.ingress
    const { callee, path, when } = choiceOf(lab.topology)!
    const probe = freshCanary(lab.topology)
    const withHeader = await travel(lab, { method: 'GET', path: path(), headers: when })
    const without = await travel(lab, { method: 'GET', path: path(), headers: {} })
    const otherPath = await travel(lab, { ...probe, headers: { ...probe.headers, ...when } })
    return judgeRouting({ edge, callee, withHeader, without, otherPath })
  },
})

/** The link of the edge that wants a header, and a path that it takes; fresh each time, to be found in the records. */
const choiceOf = ({ ingress, links }: Topology) => {
  const link = links.find(({ caller, when }) => caller === ingress.edge && when !== undefined)
  const pattern = link?.allow.find(({ method }) => method === 'GET')?.path
  if (!link?.when || pattern === undefined) return undefined
  const path = () =>
    pattern.endsWith('/*') ? pattern.slice(0, -1) + random('abcdefghijkmnpqrstuvwxyz', 12) : concrete(pattern)
  return { callee: link.callee, when: link.when, path }
}

/** One request: what its sender got, and who had it, in order. */
export type Travelled = { asked: string; attempt: Attempt; told: readonly Pick<Told, 'workload' | 'upstream'>[] }

type Asked = { method: string; path: string; headers: Record<string, string>; body?: unknown }

const travel = async (lab: LabClient, { method, path, headers, body }: Asked): Promise<Travelled> => {
  const marks = await mark(lab)
  const attempt = await (await createOutsider(lab)).send({ method, path, headers, body })
  const { told } = await readStory(lab, marks, { method, path })
  return { asked: `${method} ${path}`, attempt, told }
}

type Ways = { edge: string; callee: string; withHeader: Travelled; without: Travelled; otherPath: Travelled }

/**
 * Holds when the edge itself sent on what has path and header to the link's callee, and the other two elsewhere. The
 * control: all three were answered and came to somebody; where the edge chose nothing it had none of them.
 */
export const judgeRouting = ({ edge, callee, withHeader, without, otherPath }: Ways): Observed => {
  const chosen = ({ told }: Travelled) => told.find(({ workload }) => workload === edge)?.upstream
  const special = `${edge}:${callee}`
  const others = [without, otherPath].map(chosen)
  const routed = chosen(withHeader) === special && others.every(link => link !== undefined && link !== special)
  const all = [withHeader, without, otherPath]
  const blind = all.every(travelled => chosen(travelled) === undefined)
  return {
    verdict: routed ? 'holds' : 'broken',
    because: routed
      ? `${edge} sent the request with the header to ${callee} and the others by ${others[0]}`
      : blind
        ? `${edge} had none of the requests; with the header or without it went to ${without.told[0]?.workload ?? 'nobody'}`
        : `${edge} chose ${all.map(chosen).join(', ')}`,
    evidence: [
      way('path and header', withHeader),
      way('the path without the header', without),
      way('the header with another path', otherPath),
    ],
    control: {
      passed: all.every(({ attempt, told }) => attempt.answered && told.length > 0) && (blind || all.every(chosen)),
      evidence: all.map(travelled => answered(travelled)),
    },
  }
}

const way = (title: string, { asked, told }: Travelled): Evidence => ({
  ...{ kind: 'request', title, where: told[0]?.workload ?? 'client' },
  text: `${asked}: ${told.map(({ workload }) => workload).join(' → ')}`,
})

const answered = ({ asked, attempt }: Travelled): Evidence => ({
  ...{ kind: 'request', title: 'what the client got', where: 'client' },
  text: `${asked}: ${attempt.answered ? attempt.status : attempt.failure.name}`,
})
