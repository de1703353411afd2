import { usualHopsOf } from '../../services/hops.ts'
import type { Hop, Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { count } from '../flows/evidence.ts'
import { isClients } from '../flows/hops.ts'
import { type WireContent, wireCarries } from '../flows/on-the-wire.ts'
import { type Watched, watchEveryWay } from '../flows/watched-probe.ts'
import type { Identity, ObservedHop } from '../observed.ts'
import { defineScenario, type Evidence, type Observed } from '../scenario.ts'

export default defineScenario({
  id: 'decryption-points',
  claims: ['B1'],
  title: 'At how many places is TLS opened?',
  guarantee: 'TLS is opened at one place only',
  explanation:
    'Every request that the public may send passes over new connections, and what carried each hop is taken from both of its ends and from the wire: version, cipher, key exchange, whom each end saw. Wherever TLS is opened there are keys to keep and requests to read. One place is the least there can be, and where it is the edge its price is plaintext behind it: few places are no protection by themselves, which other guarantees tell.',
  per: 'system',
  expected: (mode: Mode, topology: Topology) =>
    new Set(
      usualHopsOf(topology, mode)
        .filter(endsTls)
        .map(({ link }) => link.callee),
    ).size === 1
      ? 'holds'
      : 'broken',
  async run(lab, hops) {
    const watched = await watchEveryWay(lab)
    return judgePlaces(hops.map(hop => seenOn(watched, hop)))
  },
})

const endsTls = (hop: Hop): boolean => hop.transport !== 'plaintext' && !(hop.spliced && isClients(hop))

/** A hop as its ends recorded it and as it stood on the wire; `keys`: the callee's own session secrets open its bytes. */
export type SeenHop = {
  link: string
  callee: string
  recorded: ObservedHop | undefined
  carries: WireContent
  keys: boolean
}

const seenOn = ({ overheard, hop: observed }: Watched, hop: Hop): SeenHop => {
  const { id, callee } = hop.link
  return {
    ...{ link: id, callee, recorded: observed(hop) },
    carries: wireCarries(overheard.recorded(id)),
    keys: overheard.decrypted(id, [callee]).length > 0,
  }
}

/**
 * Holds when one workload alone opened TLS. The control: every hop is on record at its ends and passed on the wire, and
 * where somebody says that he opened it, his secrets do, and nowhere else.
 */
export const judgePlaces = (hops: readonly SeenHop[]): Observed => {
  const opened = hops.filter(({ recorded }) => recorded?.decrypted)
  const places = [...new Set(opened.map(({ callee }) => callee))]
  const agree = hops.every(
    ({ recorded, carries, keys }) =>
      recorded !== undefined &&
      keys === recorded.decrypted &&
      (carries === 'tls') === (recorded.transport !== 'plaintext') &&
      carries !== 'nothing',
  )
  return {
    verdict: places.length === 1 ? 'holds' : 'broken',
    because: `TLS ends on ${opened.length} of ${hops.length} hops, at ${places.join(', ') || 'nobody'}`,
    evidence: [count('places where TLS is opened', places.join(', ') || 'nobody', places.length), ...hops.map(asSeen)],
    control: {
      passed: agree && hops.length > 0,
      evidence: hops.map(({ link, callee, carries, keys }) => ({
        ...{ kind: 'text', title: 'on the wire', where: link },
        text: carries === 'tls' ? `tls, which the secrets of ${callee} ${keys ? 'open' : 'do not open'}` : carries,
      })),
    },
  }
}

const asSeen = ({ link, callee, recorded }: SeenHop): Evidence => {
  const { transport, protocol, cipher, keyExchange, decrypted } = recorded ?? {}
  const carried = [transport ?? 'nothing recorded', protocol, cipher, keyExchange].filter(Boolean).join(' ')
  const ends = recorded ? `, caller seen as ${whom(recorded.caller)}, callee as ${whom(recorded.callee)}` : ''
  return {
    ...{
      kind: 'text',
      title: `the hop as its ends recorded it${decrypted ? `, opened by ${callee}` : ''}`,
      where: link,
    },
    text: carried + ends,
  }
}

const whom = (end: Identity): string => {
  if (end.kind === 'authenticated') return end.id
  if (end.kind === 'public') return end.name
  return end.kind === 'anonymous' ? `nobody (${end.because})` : 'unseen'
}
