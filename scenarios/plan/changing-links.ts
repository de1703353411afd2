import type { Transport } from '../../services/chassis/transport.ts'
import { hopsOf } from '../../services/hops.ts'
import { type Hop, type Mode, modeTable } from '../../services/modes.ts'
import { linkTitle, type Topology } from '../../services/topology/topology.ts'
import { byRisk, type Risk, riskOf } from './risk.ts'
import type { Inquiry, PlanSection } from './section.ts'

/** How a link is carried: a transport, or passed on unopened; null: no request takes it. */
export type Carried = Transport | 'spliced' | null

/** A link that goes another way afterwards. `stronger`: more is proven or encrypted than before. */
export type LinkChange = { link: string; callee: string; from: Carried; to: Carried; stronger: boolean; risk: Risk }

/** Which links change, and in which order to roll them out. */
export const changingLinks: Inquiry = async ({ topology }, { from, to }) => describeChanges(topology, from, to)

/**
 * What changes between two modes, in the order to roll it out: what gets stronger first, the riskiest of it at the top;
 * then what is given up, the riskiest last.
 */
export const linkChanges = (topology: Topology, from: Mode, to: Mode): LinkChange[] => {
  const [old, next] = [byLink(hopsOf(topology, from)), byLink(hopsOf(topology, to))]
  const changes = [...new Set([...old.keys(), ...next.keys()])].flatMap((id): LinkChange[] => {
    const [before, after] = [carriedBy(old.get(id)), carriedBy(next.get(id))]
    const link = (next.get(id) ?? old.get(id))!.link
    if (before === after) return []
    const stronger = strength(after) >= strength(before)
    return [{ link: id, callee: link.callee, from: before, to: after, stronger, risk: riskOf(topology, link) }]
  })
  const riskiest = changes.toSorted((a, b) => byRisk(a.risk, b.risk))
  return [...riskiest.filter(({ stronger }) => stronger), ...riskiest.filter(({ stronger }) => !stronger).reverse()]
}

const describeChanges = (topology: Topology, from: Mode, to: Mode): PlanSection => {
  const changes = linkChanges(topology, from, to)
  const does = { terminate: 'opens TLS', passthrough: 'passes TLS on unopened' }
  const [before, after] = [does[modeTable[from].ingress], does[modeTable[to].ingress]]
  const edge = `${topology.ingress.edge} ${before === after ? `still ${before}` : `${before} now and ${after} then`}`
  const order = [...new Set(changes.filter(({ to }) => to !== null).map(({ callee }) => callee))]
  const first = before === after && order[0] !== undefined ? `; begin with --canary ${order[0]}` : ''
  return {
    id: 'links',
    title: 'Which links change, the riskiest first?',
    answer: changes.length === 0 ? `none; ${edge}` : `${changes.length}; ${edge}${first}`,
    passed: true,
    columns: ['#', 'link', 'from → to', 'why here'],
    rows: changes.map(({ link, from, to, stronger, risk }, i) => [
      String(i + 1),
      linkTitle(link),
      `${from ?? 'unused'} → ${to ?? 'unused'}`,
      `${stronger ? '' : 'gets weaker; '}${risk.because}`,
    ]),
    items: changes,
  }
}

const byLink = (hops: readonly Hop[]) => new Map(hops.map(hop => [hop.link.id, hop]))

const carriedBy = (hop: Hop | undefined): Carried =>
  hop === undefined ? null : hop.spliced ? 'spliced' : hop.transport

const strengths: readonly Carried[] = ['plaintext', 'tls', 'spliced', 'mtls']

/** A link that nobody takes has nothing to lose. */
const strength = (carried: Carried): number => (carried === null ? strengths.length : strengths.indexOf(carried))
