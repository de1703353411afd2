import { linkIds } from '../../services/hops.ts'
import type { Hop } from '../../services/modes.ts'
import { linkId } from '../../services/topology/topology.ts'
import { type Edge, edgesIn } from '../edges/edges.ts'
import { idOf, isInner } from '../flows/hops.ts'
import { callFromInside } from '../flows/insider-call.ts'
import { type WireContent, wireCarries } from '../flows/on-the-wire.ts'
import { mark, recordsSince } from '../flows/records.ts'
import { readStory } from '../flows/story.ts'
import { freshWire } from '../flows/wire.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'
import { freshCanary } from '../tools/canary.ts'
import { createOutsider } from '../tools/outsider.ts'

/** What hop edges shows, put to the test: the real caller and a stranger who uses his name, on every link. */
export default defineScenario({
  id: 'who-calls-whom',
  claims: ['O6'],
  title: 'Can anybody say who calls whom, over what and as whom?',
  guarantee: 'who called whom on <link> is known by the identities both ends proved',
  explanation:
    'One request passes over new connections, and a stranger calls each service in the real caller’s name; then the map of who calls whom is drawn from what both ends of every connection recorded. Under mutual TLS it names both ends by certificate and the stranger stands apart, turned away. Elsewhere one end or both stay nobody, the reason is told, and the stranger is known by his address at most.',
  per: 'link',
  select: isInner,
  expected: ({ transport }) => (transport === 'mtls' ? 'holds' : 'broken'),
  async run(lab, hops) {
    const { edges, wire, strangers } = await drawn(lab, hops)
    return new Map(
      hops.map(hop => {
        const { id, callee } = hop.link
        const stranger = edges.find(({ link }) => link === linkId(strangers.get(id)!, callee))
        const ids = { caller: idOf(lab.topology, hop.link.caller), callee: idOf(lab.topology, callee) }
        return [id, judgeEdge({ id, ids, edge: edges.find(({ link }) => link === id), stranger, wire: wire.get(id)! })]
      }),
    )
  },
})

const drawn = async (lab: LabClient, hops: readonly Hop[]) => {
  const { topology } = lab
  await freshWire(lab, linkIds(topology))
  const marks = await mark(lab)
  const { method, path, body, headers } = freshCanary(topology)
  await (await createOutsider(lab)).send({ method, path, body, headers })
  await readStory(lab, marks, { method, path })
  const strangers = new Map(
    await Promise.all(
      hops.map(async hop => {
        const statedCaller = idOf(topology, hop.link.caller)
        const { attempt } = await callFromInside(lab, hop, 'a stranger', { statedCaller })
        return [hop.link.id, attempt.from ?? 'unknown'] as const
      }),
    ),
  )
  const [{ mode }, reports] = await Promise.all([lab.state(), recordsSince(lab, marks)])
  const bytes = hops.map(async ({ link }) => [link.id, wireCarries(await lab.wire(link.id).bytes())] as const)
  return { edges: edgesIn(topology, mode, reports), wire: new Map(await Promise.all(bytes)), strangers }
}

/** One link on the map, with what stood on its wire; `ids`: whom its ends would have to prove to be. */
export type Drawn = {
  id: string
  ids: { caller: string; callee: string }
  edge: Edge | undefined
  /** The stranger, by his own address; undefined where he is not on the map. */
  stranger: Edge | undefined
  wire: WireContent
}

/**
 * Holds when both ends proved who they are. The control: the link is on the map with its request, carried as its bytes say, and
 * the stranger is there by himself, as nobody of the topology.
 */
export const judgeEdge = ({ id, ids, edge, stranger, wire }: Drawn): Observed => {
  const seen = edge?.observed
  const proven = (end: NonNullable<typeof seen>['callerSeen'] = [], wanted: string) =>
    end.length > 0 && end.every(one => one.kind === 'authenticated' && one.id === wanted)
  const both = proven(seen?.callerSeen, ids.caller) && proven(seen?.calleeSeen, ids.callee)
  const asWired = wire === (seen?.transports.every(transport => transport === 'plaintext') ? 'plaintext' : 'tls')
  return {
    verdict: both ? 'holds' : 'broken',
    because: both
      ? `both ends proved it: ${ids.caller} called ${ids.callee} over ${seen?.transports.join(', ')}`
      : `who calls is nobody's proof (${seen?.because.join(', ') || 'nothing was seen'})`,
    evidence: [...(edge ? [told(edge)] : []), ...(stranger ? [told(stranger)] : [])],
    control: {
      passed:
        (seen?.requests ?? 0) > 0 &&
        asWired &&
        stranger?.unknown === true &&
        (both ? stranger.observed?.requests === 0 : true),
      evidence: [
        { kind: 'text', title: 'on the wire', where: id, text: wire },
        ...(stranger
          ? [{ kind: 'text' as const, title: 'the stranger', where: stranger.link, text: stranger.differs.join('; ') }]
          : []),
      ],
    },
  }
}

const told = ({ link, observed }: Edge): Evidence => {
  const { connections = 0, refused = 0, requests = 0, transports = [], protocols = [], because = [] } = observed ?? {}
  const carried = [...transports, ...protocols].join(' ') || 'nothing'
  const why = because.length > 0 ? `, not mutual: ${because.join(', ')}` : ''
  return {
    ...{ kind: 'text', title: 'an edge of the map', where: link },
    text: `${carried}, ${connections} connections, ${refused} refused, ${requests} requests${why}`,
  }
}
