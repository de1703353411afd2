import type { Hop } from '../../services/modes.ts'
import { whereTheEdgeReads } from '../expected.ts'
import type { LabClient } from '../lab-client.ts'
import { type Journey, readJourney } from '../request/journey.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/** Whoever has an error has an id to ask with; what the workloads know under it is the whole story, or is not. */
export default defineScenario({
  id: 'request-id-through-every-hop',
  claims: ['O1'],
  title: 'Does one id lead through the records of every hop?',
  guarantee: 'the id in an answer finds the request at every workload it passed',
  explanation:
    'A client orders twice and asks once for what nobody may have, and for the id in each answer every workload is asked what it wrote down. Whoever opens TLS writes the id of each request beside caller, decision and status. An edge that passes TLS on has none: all it knows is a connection, found by its address and the time, so there a request’s story begins one hop later.',
  per: 'system',
  expected: whereTheEdgeReads,
  async run(lab, hops) {
    const outsider = await createOutsider(lab)
    const { method, path, body, headers } = freshCanary(lab.topology)
    const order = () => outsider.send({ method, path, body, headers })
    const asked = [await order(), await order(), await outsider.send({ method: 'GET', path: '/not-in-any-rule' })]
    const [first, second, refused] = await Promise.all(asked.map(attempt => follow(lab, attempt)))
    return judgeIds({ callees: [...new Set(hops.map(({ link }: Hop) => link.callee))], first, second, refused })
  },
})

/** What an id found: who has it, whether it is another request's too, and what was decided. */
export type Followed = Pick<Journey, 'requestId' | 'status' | 'hops' | 'splice' | 'method' | 'path'>

const follow = async (lab: LabClient, attempt: Attempt): Promise<Followed | undefined> => {
  const id = attempt.answered ? attempt.headers['x-request-id'] : undefined
  return id === undefined ? undefined : readJourney(lab, id).catch(() => undefined)
}

type Ids = {
  /** Who is called on some hop of the mode. */
  callees: readonly string[]
  first: Followed | undefined
  second: Followed | undefined
  refused: Followed | undefined
}

/**
 * Holds when everybody on the way has the request under its id. The control: two requests have two ids, neither finds the
 * other, whoever has no record passed a connection on unopened, and the refused request is known with who refused it.
 */
export const judgeIds = ({ callees, first, second, refused }: Ids): Observed => {
  const having = first?.hops.filter(({ status }) => status !== undefined).map(({ callee }) => callee) ?? []
  const without = callees.filter(callee => !having.includes(callee))
  const once = (followed: Followed | undefined) => followed?.hops.filter(({ depth }) => depth === 0).length === 1
  const denied = refused?.hops.find(({ decision }) => decision?.allowed === false)
  const holds = without.length === 0 && having.length > 0
  return {
    verdict: holds ? 'holds' : 'broken',
    because: holds
      ? `${having.length} workloads have the request under the id that the client was told`
      : `${without.join(', ') || 'nobody'} has no record under the id, ${having.join(', ') || 'nobody'} has`,
    evidence: [
      ...(first?.hops ?? []).map(
        ({ link, callee, method, path, status }): Evidence => ({
          ...{ kind: 'request', title: `what ${callee} wrote down under ${first!.requestId}`, where: link },
          text: `${method} ${path}, answered ${status ?? 'by nobody'}`,
        }),
      ),
      ...(first?.splice ? [passed(first.splice)] : []),
    ],
    control: {
      passed:
        once(first) &&
        once(second) &&
        first?.requestId !== second?.requestId &&
        without.every(callee => callee === first?.splice?.workload) &&
        refused?.status === 403 &&
        denied !== undefined,
      evidence: [
        ...(second
          ? [text('the id of the next request', 'client', `${second.requestId}, found at ${second.hops.length} hops`)]
          : []),
        ...(denied?.decision?.allowed === false
          ? [text('the id of a refused request', denied.callee, `${refused!.requestId}: ${denied.decision.because}`)]
          : []),
      ],
    },
  }
}

const passed = ({ workload, serverName, bytesIn, bytesOut, knownBy }: NonNullable<Followed['splice']>): Evidence =>
  text(
    'all it knows',
    workload,
    `a connection for ${serverName ?? 'no name'}, ${bytesIn ?? '?'} bytes in, ${bytesOut ?? '?'} out, matched by ${knownBy}`,
  )

const text = (title: string, where: string, said: string): Evidence => ({ kind: 'text', title, where, text: said })
