import { usualHopsOf } from '../../services/hops.ts'
import type { Mode } from '../../services/modes.ts'
import type { Topology } from '../../services/topology/topology.ts'
import { outcome, succeeded } from '../flows/evidence.ts'
import { leaveToExpire, lookAfter } from '../flows/left-to-expire.ts'
import { readUntil, untilAfter } from '../flows/patience.ts'
import { mark, recordsSince, reportsNow } from '../flows/records.ts'
import { placeOrder } from '../flows/stand-in.ts'
import {
  type BothSides,
  bothSides,
  carelessOrder,
  type End,
  endEvidence,
  nameOf,
  type Span,
  twoEnds,
} from '../flows/two-ends.ts'
import type { LabClient } from '../lab-client.ts'
import { defineScenario, type Observed } from '../scenario.ts'
import type { Attempt } from '../tools/attempt.ts'

/** With its certificates ended a workload keeps its records, and hands them out once it has been helped up. */
export default defineScenario({
  id: 'expired-certificate-is-an-outage',
  claims: ['L1'],
  title: 'What happens when a certificate runs out, at a caller and at a callee?',
  guarantee: 'a certificate that ends takes no call with it',
  explanation:
    'At one caller and one callee renewal is switched off, and both get certificates that end soon. Orders pass until then. Afterwards each is tried by itself, over connections of its own: where the other end looks at its certificate the call fails, and the other end says why; in plaintext nobody looks and nothing happens. New certificates bring everything back.',
  per: 'system',
  unless: (topology: Topology) =>
    twoEnds(usualHopsOf(topology, 'mtls')).length > 0 ? undefined : 'no workload calls another',
  expected: (mode: Mode, topology: Topology) =>
    twoEnds(usualHopsOf(topology, mode)).some(isLookedAt) ? 'broken' : 'holds',
  async run(lab, hops) {
    const ends = twoEnds(hops)
    const before = await placeOrder(lab)
    try {
      const names = ends.map(({ workload }) => workload)
      const { inTime, marks } = await leaveToExpire(lab, names, async () => ({
        inTime: await placeOrder(lab),
        // taken in time: who has no valid certificate cannot tell
        marks: await mark(lab),
      }))
      const ended = await endOf(lab, ends)
      const tried: Tried[] = []
      for (const end of ends) tried.push(await tryExpired(lab, end))
      const tries = await readUntil(
        async () => {
          const reports = await recordsSince(lab, marks)
          return tried.map(({ end, attempt, span }) => ({ end, attempt, seen: bothSides(reports, end, span) }))
        },
        all => all.every(({ attempt, seen: { own, peer } }) => succeeded(attempt) || (own && peer)),
      )
      return judgeExpired({ before, inTime, ended, tries, again: await placeOrder(lab) })
    } finally {
      await lookAfter(lab, ...ends.map(({ workload }) => workload))
    }
  },
})

const isLookedAt = ({ role, hop: { transport } }: End): boolean =>
  role === 'callee' ? transport !== 'plaintext' : transport === 'mtls'

/** Waits until all they hold is past its notAfter. */
const endOf = async (lab: LabClient, ends: readonly End[]): Promise<boolean> => {
  const reports = await reportsNow(
    lab,
    ends.map(({ workload }) => workload),
  )
  const last = Math.max(
    ...Object.values(reports).flatMap(({ held }) => held.map(({ notAfter }) => Date.parse(notAfter))),
  )
  await untilAfter(last)
  return Date.now() > last
}

/** One end whose certificate has ended; it is helped up afterwards, so that the next is tried by itself. */
const tryExpired = async (lab: LabClient, end: End): Promise<Tried> => {
  const from = Date.now()
  await lab.wire(end.hop.link.id).cut()
  const attempt = await carelessOrder(lab)
  await lookAfter(lab, end.workload)
  // a request is on record only after its answer has gone; nobody else has sent any meanwhile
  return { end, attempt, span: { from, to: Date.now() } }
}

type Tried = { end: End; attempt: Attempt; span: Span }

/** What came of an order while the certificate of one end had ended. */
export type Expired = { end: End; attempt: Attempt; seen: BothSides }

type Played = { before: Attempt; inTime: Attempt; again: Attempt; ended: boolean; tries: readonly Expired[] }

/**
 * Broken when an order failed for a certificate that had ended. The control: orders passed before, while it was valid, and
 * after new ones came; and each that failed did so because the other end said expired, of a certificate past its notAfter.
 */
export const judgeExpired = ({ before, inTime, again, ended, tries }: Played): Observed => {
  const lost = tries.filter(({ seen }) => !seen.served)
  return {
    verdict: lost.length > 0 ? 'broken' : 'holds',
    because:
      lost.length > 0
        ? lost
            .map(({ end, seen }) => `${end.peer} refused ${nameOf(end)}: ${seen.peer?.failure?.name ?? 'no cause'}`)
            .join('; ')
        : `orders went on without a valid certificate: nobody looked at those of ${tries.map(({ end }) => end.workload).join(' and ')}`,
    evidence: tries.flatMap(({ end, attempt, seen }) =>
      endEvidence(end, `the certificate of ${nameOf(end)} had ended`, attempt, seen),
    ),
    control: {
      passed: ended && [before, inTime, again].every(succeeded) && tries.length > 0 && lost.every(isDue),
      evidence: [
        { kind: 'text', title: 'they had ended when it was tried', where: 'the lab', text: ended ? 'yes' : 'no' },
        outcome('an order before', 'client', before),
        outcome('an order while the certificates were valid', 'client', inTime),
        outcome('an order with new certificates', 'client', again),
      ],
    },
  }
}

const isDue = ({ seen: { own, peer } }: Expired): boolean =>
  peer?.failure?.name === 'certificate-expired' &&
  peer.peerValidity !== undefined &&
  Date.parse(peer.peerValidity.notAfter) <= Date.parse(peer.at) &&
  own?.failure !== undefined
