import { handled, outcome, succeeded } from '../flows/evidence.ts'
import { mark } from '../flows/records.ts'
import { readStory, type Told } from '../flows/story.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/** A shape that no honest request has. Who reads the request can refuse it; who passes it through cannot. */
const attack = '?note=%3Cscript%3Ealert(1)%3C%2Fscript%3E'

export default defineScenario({
  id: 'l7-control',
  claims: ['C1', 'C7'],
  title: 'Is an attack filtered before it reaches the service?',
  guarantee: 'an attack pattern does not reach the service',
  per: 'system',
  expected: {
    'edge-terminate-plaintext': 'holds',
    're-encrypt': 'holds',
    mtls: 'holds',
    // The edge sees a server name and bytes; a filter would have to stand in the service.
    passthrough: 'broken',
    hybrid: 'holds',
  },
  async run(lab) {
    const { edge, passthroughTo: service } = lab.topology.ingress
    const honest = await ask(lab, '')
    const attacked = await ask(lab, attack)
    return judgeFilter({ edge, service, honest, attacked })
  },
})

type Asked = { attempt: Attempt; told: readonly Told[] }

const ask = async (lab: LabClient, query: string): Promise<Asked> => {
  const { method, path, body, headers } = freshCanary(lab.topology)
  const marks = await mark(lab)
  const attempt = await (await createOutsider(lab)).send({ method, path: path + query, body, headers })
  const { told } = await readStory(lab, marks, { method, path })
  return { attempt, told }
}

type Runs = { edge: string; service: string; honest: Asked; attacked: Asked }

/** Judged by whose records have it. The control: an honest request reaches the service, and the attack got to somebody. */
export const judgeFilter = ({ edge, service, honest, attacked }: Runs): Observed => {
  const reached = ({ told }: Asked) => told.find(({ workload }) => workload === service)
  const at = (name: string) => attacked.told.find(({ workload }) => workload === name)
  const filtered = at(edge)?.failure?.name === 'filtered'
  const arrived = reached(attacked) !== undefined
  return {
    verdict: arrived ? 'broken' : 'holds',
    because: arrived
      ? `${service} handled the attack; it passed the edge unread`
      : `${edge} refused the attack as ${at(edge)?.failure?.name}; nothing of it reached ${service}`,
    evidence: [
      outcome('what the attacker got', 'client', attacked.attempt),
      ...attacked.told.map(told => handled(`what ${told.workload} recorded`, told.workload, told)),
    ],
    control: {
      passed: succeeded(honest.attempt) && reached(honest) !== undefined && (arrived || filtered),
      evidence: [outcome('an honest request', 'client', honest.attempt)],
    },
  }
}
