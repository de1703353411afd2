import type { Hop } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { excerpt, unreadable } from '../flows/evidence.ts'
import { type WireContent, wireCarries } from '../flows/on-the-wire.ts'
import { type Watched, watchEveryWay } from '../flows/watched-probe.ts'
import type { ObservedHop } from '../observed.ts'
import { defineScenario, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'zone-border',
  claims: ['B5'],
  title: 'Does anything cross a zone border in plaintext?',
  guarantee: 'what leaves a zone on <link> is encrypted',
  explanation:
    'One request passes over new connections while every link is recorded. Plaintext on a link between two zones is a ' +
    'finding, whatever it carries; inside one zone it is noted and no more. The bytes say what they are, and the ' +
    'connection record of the callee has to say the same.',
  per: 'link',
  select: () => true,
  expected: ({ link, transport }) => {
    if (!link.crossesZone) return 'not-applicable'
    return transport === 'plaintext' ? 'broken' : 'holds'
  },
  async run(lab, hops) {
    const watched = await watchEveryWay(lab)
    return new Map(hops.map(hop => [hop.link.id, judgeBorder(lab.topology, hop, crossing(watched, hop))]))
  },
})

/** What was seen of a hop from both places: its bytes, and what its ends recorded. */
export type Crossing = {
  carries: WireContent
  bytes: Buffer
  recorded: Pick<ObservedHop, 'transport'> | undefined
  /** A value of the probe that stands in the bytes as it is. */
  readable: string | undefined
}

export const crossing = ({ overheard, hop: observed }: Watched, hop: Hop): Crossing => {
  const bytes = overheard.raw(hop.link.id)
  return {
    carries: wireCarries(overheard.recorded(hop.link.id)),
    bytes,
    recorded: observed(hop),
    readable: Object.values(overheard.canary.needles).find(needle => bytes.includes(needle)),
  }
}

/** Broken where plaintext crosses a border; inside a zone a note. The control: bytes passed, and the ends agree with them. */
export const judgeBorder = ({ workloads }: Topology, { link }: Hop, seen: Crossing): Observed => {
  const { carries, bytes, recorded, readable } = seen
  const plaintext = carries === 'plaintext'
  const zone = (name: string) => workloads[name]?.zone ?? 'the public'
  const [from, to] = [zone(link.caller), zone(link.callee)]
  const what = plaintext ? 'plaintext' : 'TLS'
  return {
    verdict: link.crossesZone ? (plaintext ? 'broken' : 'holds') : 'not-applicable',
    because: link.crossesZone
      ? `${what} crosses the border from ${from} to ${to}`
      : `${what} inside the zone ${from}, noted: no border is crossed`,
    evidence: [
      readable === undefined
        ? unreadable(`${bytes.length} bytes of ${what}, the last of them`, link.id, bytes)
        : excerpt('a value of the request, readable', link.id, bytes, readable),
    ],
    control: {
      passed: carries !== 'nothing' && recorded !== undefined && plaintext === (recorded.transport === 'plaintext'),
      evidence: [
        { kind: 'text', title: 'what its ends recorded', where: link.callee, text: recorded?.transport ?? 'nothing' },
      ],
    },
  }
}
