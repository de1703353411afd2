import type { Observations } from '../../services/chassis/observation.ts'
import type { TrustState } from '../../services/control/certificates/trust-state.ts'
import type { Hop } from '../../services/modes.ts'
import { everywhere } from '../expected.ts'
import { count } from '../flows/evidence.ts'
import { isInner } from '../flows/hops.ts'
import { type Marks, mark, recordsSince } from '../flows/records.ts'
import { endRotation, orderBy, rootsIn } from '../flows/rotated.ts'
import { placeOrder } from '../flows/stand-in.ts'
import {
  beThief,
  evidenceOf,
  type StolenUse,
  stillServed,
  stoppedBecause,
  wasWorthStealing,
} from '../flows/stolen-use.ts'
import { unknownSigner } from '../flows/unknown-signer.ts'
import { type Meanwhile, meanwhileEvidence, whileCalling } from '../flows/while-calling.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import { createOutsider, type Outsider } from '../tools/outsider.ts'

/** A new root while customers order: first everybody trusts it, then everybody shows it, then nobody trusts the old one. */
export default defineScenario({
  id: 'ca-rotation-in-order',
  claims: ['L4'],
  title: 'Can the root CA be replaced while customers go on ordering?',
  guarantee: 'the root is replaced without a lost request, and nothing that rested on the old one is left',
  explanation:
    'Orders are placed all the while, over one connection that is kept and over new ones, by clients that fetch the bundle when it is held between the steps. The root is replaced in three acknowledged steps. Afterwards no request may arrive on a connection that the old root vouches for, and where callers prove themselves a stolen certificate of the old root is worth nothing any more.',
  per: 'system',
  expected: everywhere('holds'),
  async run(lab, hops) {
    const hop = hops.find(each => isInner(each) && each.transport === 'mtls')
    return judgeInOrder(hop, await rotateInOrder(lab, hop))
  },
})

/** What the rotation cost, what was recorded after it, and how the thief fared where there was a link for him. */
export type InOrder = {
  before: TrustState
  after: TrustState
  meanwhile: Meanwhile
  ms: number
  /** Everything recorded since before it, by workload. */
  reports: Record<string, Observations>
  /** Where the records of each workload stood when it was over. */
  over: Marks
  use: StolenUse | undefined
}

const rotateInOrder = async (lab: LabClient, hop: Hop | undefined): Promise<InOrder> => {
  const before = await lab.lifecycle.trust()
  const thief = hop ? await beThief(lab, hop, await lab.credentials.stolenAnew(hop.link.caller)) : undefined
  let keeps: Outsider = await createOutsider(lab, { keepAlive: true })
  let turn = 0
  let underWay: Promise<unknown> = Promise.resolve()
  const order = () => {
    const placed = turn++ % 2 === 0 ? placeOrder(lab) : orderBy(lab, keeps)
    underWay = placed
    return placed
  }
  const marks = await mark(lab)
  const since = performance.now()
  try {
    const { result: ms, meanwhile } = await whileCalling(order, async () => {
      await lab.lifecycle.rotate('root', { stopAt: 'trust' })
      // who fetched the bundle before has used it by now, and the one who keeps it fetches it anew
      const next = await createOutsider(lab, { keepAlive: true })
      const last = keeps
      keeps = next
      await underWay
      last.close()
      await lab.lifecycle.rotate('root')
      return performance.now() - since
    })
    const over = await mark(lab)
    await placeOrder(lab)
    const use = await thief?.goOn({ since, isDue: () => true })
    const reports = await recordsSince(lab, marks)
    return { before, after: await lab.lifecycle.trust(), meanwhile, ms, reports, over, use }
  } finally {
    keeps.close()
    thief?.close()
    await endRotation(lab)
  }
}

/**
 * Broken when an order was lost or something of the old is left. The control: it is another root that signs now; requests
 * did come after it; the thief had been served before, and was turned away for whom his certificate is from.
 */
export const judgeInOrder = (hop: Hop | undefined, seen: InOrder): Observed => {
  const { before, after, meanwhile, ms, use } = seen
  const gone = before.authorities.map(({ id }) => id).filter(id => after.authorities.every(ca => ca.id !== id))
  const { requests, old } = requestsAfter(seen, gone)
  const holding = Object.values(seen.reports).filter(
    ({ held, trust }) => held.some(({ issuer }) => gone.includes(issuer)) || trust?.roots.some(id => gone.includes(id)),
  )
  const served = hop && use ? stillServed(hop, use) : []
  const faults = [
    ...(meanwhile.lost.length > 0 ? [`${meanwhile.lost.length} of ${meanwhile.calls} orders were lost`] : []),
    ...(old > 0 ? [`${old} requests came on connections that the old root vouches for`] : []),
    ...holding.map(({ workload }) => `${workload} holds on to the old root`),
    ...(served.length > 0 ? [`a stolen certificate of the old root was served on ${served.join(' and ')}`] : []),
  ]
  const refused = !use || served.length > 0 || unknownSigner.some(name => stoppedBecause(name, use))
  return {
    verdict: faults.length > 0 ? 'broken' : 'holds',
    because:
      faults.length > 0
        ? faults.join('; ')
        : `a new root everywhere after ${Math.round(ms)} ms; ${meanwhile.calls} orders meanwhile, none lost; nothing of the old root is left`,
    evidence: [
      ...meanwhileEvidence(meanwhile, 'orders of customers'),
      count('requests recorded afterwards', 'every workload', requests),
      count('of them on connections that the old root vouches for', 'every workload', old),
      ...(hop && use ? evidenceOf(hop, use, 'the beginning of the rotation') : []),
    ],
    control: {
      passed:
        rootsIn(before).every(id => gone.includes(id)) &&
        requests > 0 &&
        (!hop || !use || (wasWorthStealing(hop, use) && refused)),
      evidence: [
        ...[before, after].map(state => ({
          ...{ kind: 'certificate' as const, title: 'the root that signs', where: 'control plane' },
          text: rootsIn(state).join(', '),
        })),
        ...(use?.genuine.evidence ?? []),
      ],
    },
  }
}

const requestsAfter = ({ reports, over }: InOrder, gone: readonly string[]) => {
  const arrived = Object.entries(reports).flatMap(([name, { requests, connections }]) =>
    requests
      .filter(({ cursor }) => cursor > over[name]!)
      .map(({ connection }) => connections.find(({ id }) => id === connection)),
  )
  return {
    requests: arrived.length,
    old: arrived.filter(made => made?.peerIssuer && gone.includes(made.peerIssuer)).length,
  }
}
