import { randomUUID } from 'node:crypto'
import type { Hop } from '../../services/modes.ts'
import { excerpt, unreadable } from '../flows/evidence.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { callFromInside, type InsiderOutcome } from '../flows/insider-call.ts'
import { listenIn, type Overheard } from '../flows/listen-in.ts'
import { callForUser, wasAnswered, whileTokensChecked } from '../flows/token-checks.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'

/**
 * A bearer token is its user, whoever holds it. So the check of tokens is worth what the links are worth that tokens
 * pass: on a plaintext one somebody who only listens has one, and uses it from where he sits.
 */
export default defineScenario({
  id: 'token-replay',
  claims: ['I7', 'B2'],
  title: 'Can somebody on the network act as the user whose token passes by?',
  guarantee: "a user's token cannot be taken on <link> and used again",
  explanation:
    "A customer's request passes with a good token while every link is recorded, and an insider then sends what he could read to the service, which checks tokens. In plaintext the token stands readable and is as good in his hands as in its owner's. Under TLS he finds nothing to replay.",
  per: 'link',
  select: hop => isInner(hop) && hop.link.data.includes('token'),
  expected: ({ transport }) => (transport === 'plaintext' ? 'broken' : 'holds'),
  async run(lab, hops) {
    if (hops.length === 0) return new Map()
    const callees = hops.map(({ link }) => link.callee)
    return whileTokensChecked(lab, callees, async () => {
      const token = await lab.token({ subject: `user-${randomUUID()}` })
      const overheard = await listenIn(lab, { authorization: `Bearer ${token}` })
      const observe = async (hop: Hop) =>
        judgeReplay(hop, lab, { token, overheard, ...(await replay(lab, hop, token, overheard)) })
      return new Map(await Promise.all(hops.map(async hop => [hop.link.id, await observe(hop)] as const)))
    })
  },
})

type Replayed = { replayed?: InsiderOutcome; owner: InsiderOutcome }

/** The insider has no certificate; where he could read the token he says to be the caller, as he could read that too. */
const replay = async (lab: LabClient, hop: Hop, token: string, { raw }: Overheard): Promise<Replayed> => {
  const owner = await callForUser(lab, hop, token)
  if (!raw(hop.link.id).includes(token)) return { owner }
  const statedCaller = idOf(lab.topology, hop.link.caller)
  const guise = { statedCaller, headers: { authorization: `Bearer ${token}` } }
  return { owner, replayed: await callFromInside(lab, hop, 'an insider with what he read', guise) }
}

type Runs = Replayed & { token: string; overheard: Pick<Overheard, 'raw' | 'decrypted'> }

/**
 * Broken when what was read on the link served somebody else. The control: the token did pass here, readable or not, and
 * in the hands of the genuine caller it is good for another request.
 */
export const judgeReplay = (hop: Hop, { topology }: Pick<LabClient, 'topology'>, runs: Runs): Observed => {
  const { token, overheard, replayed, owner } = runs
  const { id, callee } = hop.link
  const wire = overheard.raw(id)
  const opened = overheard.decrypted(id, Object.keys(topology.workloads))
  const read = wire.includes(token)
  const broken = replayed !== undefined && wasAnswered(hop, replayed)
  // what is shown of a token is its head, which is the same in all of them
  const head = token.slice(0, token.indexOf('.'))
  return {
    verdict: broken ? 'broken' : 'holds',
    because: broken
      ? `the token stood readable on the wire, and ${callee} served an insider as ${replayed.request?.user}`
      : read
        ? `the token stood readable on the wire, but ${callee} did not serve the insider`
        : `the token passed and could not be read in ${wire.length} bytes, so there was nothing to replay`,
    evidence: [
      read ? excerpt('the token, as it passed', id, wire, head) : unreadable('the last bytes on the wire', id, wire),
      ...(replayed?.evidence ?? []),
    ],
    control: {
      passed: (read ? broken : opened.includes(token)) && wasAnswered(hop, owner) && owner.request?.user !== undefined,
      evidence: owner.evidence,
    },
  }
}
